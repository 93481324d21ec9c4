//! What the switch itself answers, at the network's first address: who has it (ARP), whether it is there (ping), and the names
//! of members (DNS). It has no way out.

use super::dns;
use super::ethernet::{ARP_LENGTH, Frame, IP_HEADER, Station, ipv4_at};
use crate::frame::{ARP, HEADER, IPV4};
use std::net::Ipv4Addr;

const ICMP: u8 = 1;
const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
const DNS_PORT: [u8; 2] = [0, 53];
const ARP_REQUEST: [u8; 2] = [0, 1];
const ECHO_REQUEST: u8 = 8;

/// The answer to a frame that [`super::ethernet::judge`] has let through.
pub fn answer(
    frame: &Frame,
    from: &Station,
    gateway: &Station,
    find: impl Fn(&str) -> Option<Ipv4Addr>,
) -> Option<Vec<u8>> {
    let body = frame.get(HEADER..)?;
    let (kind, answer) = match [frame[12], frame[13]] {
        ARP => (ARP, answer_arp(body, from, gateway)?),
        IPV4 => (IPV4, answer_ip(body, from, gateway, find)?),
        _ => return None,
    };
    Some([&from.mac.0[..], &gateway.mac.0, &kind, &answer].concat())
}

fn answer_arp(packet: &[u8], from: &Station, gateway: &Station) -> Option<Vec<u8>> {
    let asked = packet.len() >= ARP_LENGTH && packet[6..8] == ARP_REQUEST && ipv4_at(packet, 24) == gateway.address;
    let mut answer = asked.then(|| packet[..8].to_vec())?;
    answer[7] = 2;
    answer.extend(gateway.mac.0);
    answer.extend(gateway.address.octets());
    answer.extend(from.mac.0);
    answer.extend(&packet[14..18]);
    Some(answer)
}

fn answer_ip(
    packet: &[u8],
    from: &Station,
    gateway: &Station,
    find: impl Fn(&str) -> Option<Ipv4Addr>,
) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let packet = packet.get(..length).filter(|packet| packet.len() >= IP_HEADER)?;
    // Neither options nor fragments: nobody needs them for what is answered here.
    let plain = packet[0] == 0x45 && packet[6] & 0x3f == 0 && packet[7] == 0;
    if !plain || ipv4_at(packet, 16) != gateway.address {
        return None;
    }
    let payload = &packet[IP_HEADER..];
    let answer = match packet[9] {
        ICMP => answer_echo(payload)?,
        UDP => answer_udp(payload, find)?,
        _ => return None,
    };
    let mut ip = vec![0x45, 0];
    ip.extend(((IP_HEADER + answer.len()) as u16).to_be_bytes());
    ip.extend([0, 0, 0, 0, 64, packet[9], 0, 0]);
    ip.extend(gateway.address.octets());
    ip.extend(from.address.octets());
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum);
    ip.extend(answer);
    Some(ip)
}

fn answer_echo(message: &[u8]) -> Option<Vec<u8>> {
    let asked = message.len() >= 8 && message[0] == ECHO_REQUEST && message[1] == 0;
    let mut answer = asked.then(|| message.to_vec())?;
    answer[..4].fill(0);
    let sum = checksum(&answer);
    answer[2..4].copy_from_slice(&sum);
    Some(answer)
}

fn answer_udp(datagram: &[u8], find: impl Fn(&str) -> Option<Ipv4Addr>) -> Option<Vec<u8>> {
    let length = usize::from(u16::from_be_bytes([*datagram.get(4)?, *datagram.get(5)?]));
    let query = datagram.get(UDP_HEADER..length)?;
    if datagram[2..4] != DNS_PORT {
        return None;
    }
    let answer = dns::answer(query, find)?;
    let mut udp = [&DNS_PORT, &datagram[..2]].concat();
    udp.extend(((UDP_HEADER + answer.len()) as u16).to_be_bytes());
    // RFC 768: 0 is no checksum; between two processes of one machine nothing gets lost.
    udp.extend([0, 0]);
    udp.extend(answer);
    Some(udp)
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::ethernet::tests::{EVERYBODY, arp, frame, ip, station};
    use super::super::framing::MAX_FRAME;
    use super::*;
    use proptest::prelude::*;

    fn find(name: &str) -> Option<Ipv4Addr> {
        (name == "web").then_some(station(7).address)
    }

    fn answered(frame: &[u8]) -> Option<Vec<u8>> {
        answer(frame, &station(2), &station(1), find)
    }

    fn packet(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let (me, gateway) = (station(2), station(1));
        frame(
            gateway.mac,
            me.mac,
            IPV4,
            &ip(me.address, gateway.address, protocol, payload),
        )
    }

    fn datagram(port: u8, payload: &[u8]) -> Vec<u8> {
        let length = (UDP_HEADER + payload.len()) as u8;
        packet(UDP, &[&[0x12, 0x34, 0, port, 0, length, 0, 0], payload].concat())
    }

    #[test]
    fn says_who_has_its_address() {
        let (me, gateway) = (station(2), station(1));
        let found = answered(&frame(EVERYBODY, me.mac, ARP, &arp(1, &me, gateway.address))).unwrap();
        assert_eq!(found[..14], frame(me.mac, gateway.mac, ARP, &[])[..]);
        assert_eq!(
            found[20..32],
            [&[0, 2], &gateway.mac.0[..], &gateway.address.octets()].concat()
        );
        assert_eq!(found[32..42], [&me.mac.0[..], &me.address.octets()].concat());
        for other in [arp(2, &me, gateway.address), arp(1, &me, station(3).address)] {
            assert_eq!(answered(&frame(gateway.mac, me.mac, ARP, &other)), None);
        }
    }

    #[test]
    fn answers_pings_with_right_checksums() {
        let found = answered(&packet(ICMP, &[8, 0, 0, 0, 1, 2, 3, 4, b'x'])).unwrap();
        assert_eq!(found[34..36], [0, 0]);
        assert_eq!(found[38..], [1, 2, 3, 4, b'x']);
        // What has a right checksum adds up to nothing.
        assert_eq!([checksum(&found[14..34]), checksum(&found[34..])], [[0, 0]; 2]);
        assert_eq!(answered(&packet(ICMP, &[0, 0, 0, 0, 1, 2, 3, 4])), None);
    }

    #[test]
    fn tells_the_names_of_members() {
        let found = answered(&datagram(53, &dns::tests::query("web", 1))).unwrap();
        assert_eq!(found[26..38], [10, 163, 0, 1, 10, 163, 0, 2, 0, 53, 0x12, 0x34]);
        assert_eq!(usize::from(found[39]), found.len() - 34);
        assert_eq!(found[found.len() - 4..], station(7).address.octets());
        assert_eq!(answered(&datagram(54, &dns::tests::query("web", 1))), None);
    }

    proptest! {
        #[test]
        fn any_packet_gets_an_answer_that_fits_or_none(
            bytes in prop::collection::vec(any::<u8>(), 0..MAX_FRAME - 34),
            protocol in prop::sample::select(vec![ICMP, UDP, 6]),
            cut in 0usize..1600,
        ) {
            let mut frame = packet(protocol, &bytes);
            frame.truncate(cut);
            if let Some(answer) = answered(&frame) {
                prop_assert!(answer.len() <= MAX_FRAME);
            }
            if bytes.len() > 8 {
                prop_assert!(answered(&datagram(53, &bytes[..bytes.len().min(200)])).is_none_or(|answer| answer.len() <= MAX_FRAME));
            }
            let _ = answered(&bytes);
        }
    }
}
