//! The guest as a whole.

mod proc;
mod random;
mod sync;
mod usage;

pub use proc::Proc;
pub use random::{ENTROPY_BYTES, Random};
pub use sync::sync_all;
pub use usage::usage;
