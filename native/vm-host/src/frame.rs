//! Ethernet frames of IPv4 networks, and how they go through the stream between a card and its other end.

/// IEEE 802.3: addresses and type.
pub const HEADER: usize = 14;
pub const IPV4: [u8; 2] = [0x08, 0x00];
pub const ARP: [u8; 2] = [0x08, 0x06];
/// RFC 826 for IPv4 over Ethernet: hardware and protocol types and the lengths of their addresses.
pub const ARP_KIND: [u8; 6] = [0, 1, 0x08, 0x00, 6, 4];
/// With the longest packet that IPv4 has. Whoever says more on a stream has lost count, and there is no way back.
pub const LONGEST: usize = HEADER + 65_535;

/// Bytes of a frame's length on a stream, where it lies before the frame, highest first.
pub const LENGTH: usize = 4;

/// Length of the frame that a stream begins with, once that is there.
pub fn length(stream: &[u8]) -> Option<usize> {
    stream.first_chunk().map(|length| u32::from_be_bytes(*length) as usize)
}
