//! Who may send what, and where it goes. Every member's addresses are known beforehand, so nothing is learnt from frames and
//! no frame is sent to a port that it is not for.

use crate::frame::{ARP, ARP_KIND, HEADER, IPV4};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

pub type Frame = [u8];

pub const ARP_LENGTH: usize = 28;
pub const IP_HEADER: usize = 20;

/// A hardware address; as text, six bytes in hexadecimal with colons between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac(pub [u8; 6]);

impl TryFrom<String> for Mac {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "is not the hardware address of one card";
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let digits = |part: &&str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
            let part = parts.next().filter(digits).ok_or(WRONG)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| WRONG)?;
        }
        // The lowest bit of the first byte makes it the address of a group.
        match parts.next() {
            None if bytes[0] & 1 == 0 => Ok(Self(bytes)),
            _ => Err(WRONG),
        }
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.0.map(|byte| format!("{byte:02x}")).join(":")
    }
}

/// The addresses of a member, or of the switch itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Station {
    pub address: Ipv4Addr,
    pub mac: Mac,
}

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To the station with this address.
    One(Mac),
    /// To all but its sender.
    All,
    /// To the switch itself.
    Gateway,
    /// To nobody: it is cut, of another kind than IPv4 and ARP, or says that it is from somebody else.
    Refuse,
}

pub fn judge(frame: &Frame, from: &Station, gateway: &Station) -> Verdict {
    if frame.len() < HEADER || mac_at(frame, 6) != from.mac {
        return Verdict::Refuse;
    }
    let body = &frame[HEADER..];
    let asked = match [frame[12], frame[13]] {
        IPV4 if is_ip_of(body, from.address) => None,
        ARP if is_arp_of(body, from) => Some(ipv4_at(body, 24)),
        _ => return Verdict::Refuse,
    };
    match mac_at(frame, 0) {
        to if to == gateway.mac || asked == Some(gateway.address) => Verdict::Gateway,
        Mac([first, ..]) if first & 1 == 1 => Verdict::All,
        to => Verdict::One(to),
    }
}

fn is_ip_of(packet: &[u8], address: Ipv4Addr) -> bool {
    packet.len() >= IP_HEADER && packet[0] >> 4 == 4 && ipv4_at(packet, 12) == address
}

/// RFC 5227: who only asks whether an address is free has none yet.
fn is_arp_of(packet: &[u8], from: &Station) -> bool {
    packet.len() >= ARP_LENGTH
        && packet[..6] == ARP_KIND
        && mac_at(packet, 8) == from.mac
        && (ipv4_at(packet, 14) == from.address || ipv4_at(packet, 14).is_unspecified())
}

pub fn mac_at(bytes: &[u8], at: usize) -> Mac {
    let mut mac = [0; 6];
    mac.copy_from_slice(&bytes[at..at + 6]);
    Mac(mac)
}

pub fn ipv4_at(bytes: &[u8], at: usize) -> Ipv4Addr {
    Ipv4Addr::new(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3])
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    pub fn station(last: u8) -> Station {
        Station {
            address: Ipv4Addr::new(10, 163, 0, last),
            mac: Mac([2, 0xa3, 10, 163, 0, last]),
        }
    }

    pub const EVERYBODY: Mac = Mac([0xff; 6]);

    pub fn frame(to: Mac, from: Mac, kind: [u8; 2], body: &[u8]) -> Vec<u8> {
        [&to.0[..], &from.0, &kind, body].concat()
    }

    pub fn arp(operation: u8, from: &Station, asked: Ipv4Addr) -> Vec<u8> {
        let parts: [&[u8]; 6] = [
            &ARP_KIND,
            &[0, operation],
            &from.mac.0,
            &from.address.octets(),
            &[0; 6],
            &asked.octets(),
        ];
        parts.concat()
    }

    /// Without checksums, which a switch does not look at.
    pub fn ip(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let length = ((IP_HEADER + payload.len()) as u16).to_be_bytes();
        let head = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0];
        [&head[..], &from.octets(), &to.octets(), payload].concat()
    }

    fn judged(frame: &[u8]) -> Verdict {
        judge(frame, &station(2), &station(1))
    }

    #[test]
    fn frames_go_to_whom_they_are_for() {
        let (me, other, gateway) = (station(2), station(3), station(1));
        let packet = ip(me.address, other.address, 6, &[0; 20]);
        assert_eq!(
            judged(&frame(other.mac, me.mac, IPV4, &packet)),
            Verdict::One(other.mac)
        );
        assert_eq!(judged(&frame(EVERYBODY, me.mac, IPV4, &packet)), Verdict::All);
        assert_eq!(judged(&frame(gateway.mac, me.mac, IPV4, &packet)), Verdict::Gateway);
        let ask = |address| frame(EVERYBODY, me.mac, ARP, &arp(1, &me, address));
        assert_eq!(judged(&ask(other.address)), Verdict::All);
        assert_eq!(judged(&ask(gateway.address)), Verdict::Gateway);
    }

    #[test]
    fn nobody_is_somebody_else() {
        let (me, other) = (station(2), station(3));
        let posed = Station {
            address: other.address,
            ..me
        };
        let nobody = Station {
            address: Ipv4Addr::UNSPECIFIED,
            ..me
        };
        let packet = ip(me.address, other.address, 6, &[]);
        for refused in [
            frame(other.mac, other.mac, IPV4, &packet),
            frame(other.mac, me.mac, IPV4, &ip(other.address, me.address, 6, &[])),
            frame(EVERYBODY, me.mac, ARP, &arp(2, &posed, other.address)),
            frame(EVERYBODY, me.mac, ARP, &arp(2, &other, other.address)),
            // IPv6 and a VLAN.
            frame(other.mac, me.mac, [0x86, 0xdd], &packet),
            frame(other.mac, me.mac, [0x81, 0x00], &packet),
            frame(other.mac, me.mac, IPV4, &packet[..19]),
            frame(EVERYBODY, me.mac, ARP, &arp(1, &me, other.address)[..27]),
        ] {
            assert_eq!(judged(&refused), Verdict::Refuse, "{refused:?}");
        }
        let probe = frame(EVERYBODY, me.mac, ARP, &arp(1, &nobody, other.address));
        assert_eq!(judged(&probe), Verdict::All);
    }

    #[test]
    fn hardware_addresses_are_those_of_one_card() {
        let parse = |text: &str| Mac::try_from(text.to_owned());
        assert_eq!(parse("02:A3:0a:a3:00:02"), Ok(station(2).mac));
        assert_eq!(String::from(station(2).mac), "02:a3:0a:a3:00:02");
        for text in [
            "",
            "02:a3:0a:a3:00",
            "02:a3:0a:a3:00:02:03",
            "03:a3:0a:a3:00:02",
            "2:a3:0a:a3:00:02",
            "+2:a3:0a:a3:00:02",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_frame_that_goes_anywhere_is_from_its_sender(bytes in prop::collection::vec(any::<u8>(), 0..100), to in 0u8..4) {
            let me = station(2);
            let mut frame = frame(station(to).mac, me.mac, IPV4, &bytes);
            if judge(&frame, &me, &station(1)) != Verdict::Refuse {
                prop_assert_eq!(&frame[26..30], &me.address.octets());
            }
            frame[12..14].copy_from_slice(&ARP);
            if judge(&frame, &me, &station(1)) != Verdict::Refuse {
                prop_assert_eq!(&frame[22..28], &me.mac.0);
            }
            let _ = judge(&bytes, &me, &station(1));
        }
    }
}
