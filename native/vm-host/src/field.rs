//! Fields of a document: what is wrong with one names it.

use crate::failure::{Failure, Stage};

/// PATH_MAX of Linux is one more, for the terminator.
const MAX_PATH_BYTES: usize = 4095;
const MAX_NAME_BYTES: usize = 255;

pub fn absolute(field: &str, path: &str) -> Result<(), Failure> {
    if !path.starts_with('/') || path.len() > MAX_PATH_BYTES || path.contains('\0') {
        return Err(invalid(field, format!("{path:?} is not an absolute path")));
    }
    Ok(())
}

pub fn file_name(field: &str, name: &str) -> Result<(), Failure> {
    if name.is_empty() || name == "." || name == ".." || name.len() > MAX_NAME_BYTES || name.contains(['/', '\0']) {
        return Err(invalid(field, format!("{name:?} is no name of a file")));
    }
    Ok(())
}

pub fn invalid(field: &str, message: impl Into<String>) -> Failure {
    Failure::new(Stage::Spec, field, message)
}
