//! Users and groups from the guest's own files, never through NSS: its modules are the image's code.

mod database;
mod guest;
mod identity;
#[cfg(test)]
mod properties;

pub use guest::look_up;
pub use identity::{BadUser, Identity, resolve};
