//! From a fresh kernel to a box: what the host describes over the doorbell is checked, mounted and entered.

mod beneath;
mod config;
mod doorbell;
mod etc;
mod filesystem;
mod guest;
mod interfaces;
mod kernel_mounts;
mod layer;
mod main_plan;
#[cfg(test)]
mod properties;
mod root;
mod stages;
mod streams;
mod sysctl;
mod volumes;

pub use guest::run;
pub use main_plan::MainPlan;
