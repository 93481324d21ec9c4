//! Users and groups from the guest's own files, never through NSS: its modules are the image's code.

mod database;
mod identity;

pub use identity::{BadUser, Identity, resolve};
