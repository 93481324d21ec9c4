//! The real agent, serving on a Unix socket instead of vsock.

mod agent;
mod endings;
mod failures;
mod files;
mod health;
mod load;
mod streams;
