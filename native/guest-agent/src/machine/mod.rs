//! The guest as a whole.

mod proc;
mod random;
mod sync;
mod usage;

pub use proc::Proc;
pub use random::Random;
pub use sync::sync_all;
pub use usage::usage;
