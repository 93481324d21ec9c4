//! vm-host against a library that stands in for libkrun: everything but a guest is real.

mod ending;
mod fake;
mod jail;
mod log;
#[cfg(target_arch = "x86_64")]
mod memory;
mod probe;
mod replay;
mod state;
mod tree;
