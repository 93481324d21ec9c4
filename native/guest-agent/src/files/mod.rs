//! Files as a process in the box sees them. Everything here blocks and runs on threads of its own, as the user that a
//! call names.

mod access;
pub mod archive;
mod attributes;
mod caller;
mod copy;
mod fault;
mod info;
mod links;
mod list;
mod path;
mod place;
#[cfg(test)]
mod properties;
mod read;
mod remove;
mod truncate;
mod watch;
mod write;
mod xattrs;

pub use access::{make_directory, rename};
pub use attributes::{Attributes, checked_mode, set_attributes, timespec};
pub use caller::{Caller, blocking};
pub use copy::{Copying, prepare_copy};
pub use fault::Fault;
pub use info::stat;
pub use links::{make_link, read_link};
pub use list::Listing;
pub use path::GuestPath;
pub use read::Content;
pub use remove::remove;
pub use truncate::truncate;
pub use watch::{Watch, watch};
pub use write::{Manner, NewContent, Plan};
