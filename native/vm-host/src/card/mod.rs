//! Network cards whose frames a program takes, such as passt: it is started before the VM, and what the guest sends it is looked at.

mod arp;
mod frames;
mod guard;
mod program;
mod request;

pub use program::Programs;
pub use request::{Peer, validate};
