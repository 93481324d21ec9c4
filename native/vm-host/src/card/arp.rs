//! The one question that the host asks in the guest's place (RFC 826).

use super::request::Peer;
use crate::frame::{ARP, ARP_KIND};

const REQUEST: [u8; 2] = [0, 1];
const REPLY: [u8; 2] = [0, 2];

/// Who has the gateway's address? To everybody, from the card.
pub fn request(peer: &Peer) -> Vec<u8> {
    let (address, gateway) = (peer.address.octets(), peer.gateway.octets());
    [
        &[0xff; 6][..],
        &peer.mac,
        &ARP,
        &ARP_KIND,
        &REQUEST,
        &peer.mac,
        &address,
        &[0; 6],
        &gateway,
    ]
    .concat()
}

/// Whether the frame is an answer to that.
pub fn answers(peer: &Peer, frame: &[u8]) -> bool {
    frame.get(12..22) == Some(&[&ARP[..], &ARP_KIND, &REPLY].concat())
        && frame.get(28..32) == Some(&peer.gateway.octets())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn an_answer_is_one_of_the_gateway() {
        let peer = Peer {
            program: "/p".into(),
            args: Vec::new(),
            mac: [2, 0, 0, 0, 0, 2],
            address: Ipv4Addr::new(10, 0, 2, 2),
            gateway: Ipv4Addr::new(10, 0, 2, 1),
        };
        let request = request(&peer);
        assert_eq!(
            (request.len(), &request[6..12], &request[38..42]),
            (42, &peer.mac[..], &[10, 0, 2, 1][..])
        );
        assert!(!answers(&peer, &request));
        let mut reply = request;
        reply[21] = 2;
        assert!(!answers(&peer, &reply));
        reply[28..32].copy_from_slice(&[10, 0, 2, 1]);
        assert!(answers(&peer, &reply));
        assert!(!answers(&peer, &reply[..30]));
    }
}
