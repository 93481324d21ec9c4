//! Byte streams that gRPC runs on: vsock in a guest, a Unix socket elsewhere.

mod ahead;
mod listener;
mod socket;
pub mod unix;
pub mod vsock;

pub use listener::Listener;
pub use socket::{Socket, closed_by_peer};
