//! The kernel's means to take rights from a process. What to take is for the programs to say.

pub mod capability;
pub mod kernel;
pub mod seccomp;
