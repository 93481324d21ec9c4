//! gRPC over any [`crate::transport`], on hyper's HTTP/2 alone: tonic's own server and channel would more than double
//! the agent.

mod agent;
mod channel;
mod copying;
mod executor;
mod files;
mod health;
mod incoming;
mod machine;
mod outgoing;
mod processes;
mod server;
mod services;
mod transfer;
mod watching;

use agent::Agent;
pub use channel::Channel;
pub use files::Files;
pub use health::{Health, Serving};
use machine::Machine;
pub use outgoing::Outgoing;
use processes::Processes;
pub use server::{Server, Service, serve};
pub use services::Services;
