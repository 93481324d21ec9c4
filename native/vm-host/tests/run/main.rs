//! vm-host against a library that stands in for libkrun: everything but a guest is real. And the switch, between members that speak as
//! libkrun does.

mod card;
mod ending;
mod fake;
mod jail;
mod log;
#[cfg(target_arch = "x86_64")]
mod memory;
mod network;
mod probe;
mod replay;
mod scheduling;
mod state;
mod switch;
mod tree;
