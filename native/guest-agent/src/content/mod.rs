//! Content: bytes of files, and of what processes read and write. It goes in messages of a call or, towards the guest, over a
//! connection of its own (proto/a3s/agent/v1/content.proto).

mod connection;
mod meeting;
mod pieces;

pub use connection::{Connection, GREETING, Hangup, Incoming};
pub use meeting::Contents;

/// How many bytes of content one message carries: what is taken.
pub const MAX_BYTES: usize = 256 * 1024;
/// What is sent: with the heads of HTTP/2, gRPC and the message it fills four writes to vsock. Everything that a message
/// costs on its way is paid once for that.
pub const SENT_BYTES: usize = 4 * 28 * 1024 - 64;
