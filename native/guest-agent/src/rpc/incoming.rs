//! What the requests of a call may bring of content.

use crate::content::MAX_BYTES;
use tonic::Status;

pub fn content_beside_connection() -> Status {
    Status::invalid_argument("the content has a connection already")
}

pub fn check_chunk(data: &[u8]) -> Result<(), Status> {
    match data.len() > MAX_BYTES {
        true => Err(Status::invalid_argument(format!(
            "a message holds more than {MAX_BYTES} bytes"
        ))),
        false => Ok(()),
    }
}
