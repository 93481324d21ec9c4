//! vm-host against a library that stands in for libkrun: everything but a guest is real.

mod card;
mod ending;
mod fake;
mod jail;
mod log;
mod probe;
mod replay;
mod state;
mod tree;
