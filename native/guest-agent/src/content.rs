//! How many bytes of content, of files and of what processes read and write, one message carries.

/// What is taken.
pub const MAX_BYTES: usize = 256 * 1024;
/// What is sent: with the heads of HTTP/2, gRPC and the message it fills four writes to vsock. Everything that a message
/// costs on its way is paid once for that.
pub const SENT_BYTES: usize = 4 * 28 * 1024 - 64;
