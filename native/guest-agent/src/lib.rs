//! The guest agent of an A3S box. `boot` turns a fresh kernel into the box that the host describes, `rpc` serves the
//! agent's gRPC services over whatever transport it is given, so both can be used apart from each other.

pub mod account;
#[cfg(test)]
mod allocations;
pub mod boot;
pub mod content;
pub mod exec;
pub mod files;
pub mod machine;
pub mod power;
mod program;
#[cfg(test)]
mod properties;
pub mod proto;
pub mod reaper;
pub mod rpc;
pub mod shutdown;
pub mod signals;
pub mod system;
pub mod transport;
pub mod trigger;

/// Generation of a3s.agent.v1 that this agent speaks.
pub const PROTOCOL: u32 = 2;
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
