//! One process per call: from the request to its last byte of output.

mod child;
mod command;
mod failure;
mod group;
mod input;
mod lookup;
mod output;
mod session;
mod spawn;

pub use session::{Context, Requests, Responses, run};
