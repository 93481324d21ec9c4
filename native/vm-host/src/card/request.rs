use crate::failure::Failure;
use crate::field::{absolute, invalid};
use serde::Deserialize;
use std::net::Ipv4Addr;

/// As many as a VM can have cards.
const MAX_PEERS: usize = 8;
const MAX_ARGUMENTS: usize = 1024;
const MAX_ARGUMENT_BYTES: usize = 4096;

/// The program at the other end of a card.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Peer {
    pub program: String,
    pub args: Vec<String>,
    /// The card's own address, six bytes.
    pub mac: [u8; 6],
    /// The guest's address, in whose name the program is asked who has the gateway's: what answers is ready.
    pub address: Ipv4Addr,
    pub gateway: Ipv4Addr,
}

pub fn validate(peers: &[Peer]) -> Result<(), Failure> {
    if peers.len() > MAX_PEERS {
        return Err(invalid("peers", format!("{} peers, {MAX_PEERS} allowed", peers.len())));
    }
    for peer in peers {
        absolute("peers", &peer.program)?;
        let fits = |argument: &String| argument.len() <= MAX_ARGUMENT_BYTES && !argument.contains('\0');
        if peer.args.len() > MAX_ARGUMENTS || !peer.args.iter().all(fits) {
            return Err(invalid("peers", "these are no arguments of a program"));
        }
    }
    Ok(())
}
