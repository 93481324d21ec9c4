//! From a fresh kernel to a box: what the host describes over the doorbell is checked, mounted and entered.

mod beneath;
mod config;
mod doorbell;
mod etc;
mod filesystem;
mod guest;
mod kernel_mounts;
mod root;
mod stages;
mod volumes;

pub use guest::run;
