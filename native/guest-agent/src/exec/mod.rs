//! The main process, and one process per call: from the request to its last byte of output, and what others may do with it.

mod agent;
mod attach;
mod attend;
mod audience;
mod capabilities;
mod cgroup;
mod child;
mod command;
mod entry;
mod failure;
mod filter;
mod group;
mod input;
mod launch;
mod limits;
mod listeners;
mod lookup;
mod main_process;
mod output;
mod privileges;
#[cfg(test)]
mod properties;
mod requests;
mod rlimits;
mod session;
mod spawn;
mod stack;
mod stream_port;
mod streams;
mod table;
mod terminal;
mod tree;
mod width;

pub use attach::attach;
pub use command::terminal_size;
pub use entry::{Ended, Entry, MAIN};
pub use failure::Failure;
pub use limits::MAX_GRACE;
pub use main_process::{AfterEnd, MainProcess, check_main};
pub use requests::Requests;
pub use session::{Context, HELD_BACK, Responses, exited_message, run};
pub use stream_port::{Log, StreamPort};
pub use table::{Known, Table};
