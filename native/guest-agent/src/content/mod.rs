//! Content: bytes of files, and of what processes read and write. It goes in messages of a call or, in bulk, over a connection of
//! its own (proto/a3s/agent/v1/content.proto).

mod bulk;
mod connection;
mod detour;
mod greeting;
mod meeting;
mod offer;
mod outlet;
mod pieces;

pub use connection::{Connection, Hangup, Incoming};
pub use detour::{Detour, Gone, Messages};
pub use greeting::FIRST_BYTE;
pub use meeting::Contents;
pub use offer::Offers;

/// How many bytes of content one message carries: what is taken.
pub const MAX_BYTES: usize = 256 * 1024;
/// What is sent: with the heads of HTTP/2, gRPC and the message it fills four writes to vsock. Everything that a message
/// costs on its way is paid once for that.
pub const SENT_BYTES: usize = 4 * 28 * 1024 - 64;
/// The same for bulk, of which few have so much under way at a time: eight writes.
pub const BULK_SENT_BYTES: usize = 8 * 28 * 1024 - 64;
