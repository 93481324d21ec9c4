//! One process per call: from the request to its last byte of output, and what others may do with it.

mod agent;
mod attend;
mod capabilities;
mod cgroup;
mod check;
mod child;
mod command;
mod entry;
mod failure;
mod filter;
mod group;
mod input;
mod limits;
mod lookup;
mod output;
mod privileges;
mod rlimits;
mod session;
mod spawn;
mod table;
mod terminal;
mod tree;

pub use command::terminal_size;
pub use entry::{Ended, Entry};
pub use limits::MAX_GRACE;
pub use session::{Context, Requests, Responses, exited_message, run};
pub use table::{Known, Table};
