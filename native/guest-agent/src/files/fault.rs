use crate::proto::agent::FileFault;
use prost::Message;
use rustix::io::Errno;
use std::io;
use tonic::{Code, Status};

const TYPE_URL: &str = "type.googleapis.com/a3s.agent.v1.FileFault";

/// Why a call about a file failed.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    code: Code,
    /// 0 when no system call failed.
    errno: i32,
    message: String,
}

/// google.rpc.Status, which gRPC carries the details of an error in.
#[derive(prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

impl Fault {
    pub fn new(errno: Errno, what: impl std::fmt::Display) -> Self {
        Self {
            code: code_of(errno),
            errno: errno.raw_os_error(),
            message: format!("{what}: {}", sentence(errno)),
        }
    }

    /// A request that cannot mean anything.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: Code::InvalidArgument,
            errno: 0,
            message: message.into(),
        }
    }

    /// As `new`, with a sentence that says more than the error number.
    pub fn because(errno: Errno, message: impl Into<String>) -> Self {
        Self {
            code: code_of(errno),
            errno: errno.raw_os_error(),
            message: message.into(),
        }
    }

    pub fn from_io(error: &io::Error, what: impl std::fmt::Display) -> Self {
        match error.raw_os_error() {
            Some(errno) => Self::new(Errno::from_raw_os_error(errno), what),
            None => Self::invalid(format!("{what}: {error}")),
        }
    }

    pub fn is_missing(&self) -> bool {
        self.errno == libc::ENOENT
    }

    #[cfg(test)]
    pub fn errno(&self) -> i32 {
        self.errno
    }
}

impl From<Fault> for Status {
    fn from(fault: Fault) -> Self {
        let detail = FileFault { errno: fault.errno };
        let status = RpcStatus {
            code: fault.code.into(),
            message: fault.message.clone(),
            details: vec![prost_types::Any {
                type_url: TYPE_URL.to_owned(),
                value: detail.encode_to_vec(),
            }],
        };
        Status::with_details(fault.code, fault.message, status.encode_to_vec().into())
    }
}

/// Says what was attempted when it fails.
pub trait Attempt<T> {
    fn or_fault<D: std::fmt::Display>(self, what: impl FnOnce() -> D) -> Result<T, Fault>;
}

impl<T> Attempt<T> for rustix::io::Result<T> {
    fn or_fault<D: std::fmt::Display>(self, what: impl FnOnce() -> D) -> Result<T, Fault> {
        self.map_err(|errno| Fault::new(errno, what()))
    }
}

/// The nearest code of gRPC, for clients that know no errno.
fn code_of(errno: Errno) -> Code {
    match errno {
        Errno::NOENT => Code::NotFound,
        Errno::EXIST => Code::AlreadyExists,
        Errno::ACCESS | Errno::PERM => Code::PermissionDenied,
        Errno::NOSPC | Errno::DQUOT | Errno::NOMEM | Errno::MFILE | Errno::NFILE => Code::ResourceExhausted,
        Errno::INVAL | Errno::NAMETOOLONG | Errno::LOOP => Code::InvalidArgument,
        Errno::IO => Code::DataLoss,
        _ => Code::FailedPrecondition,
    }
}

/// "No such file or directory", without the number that Rust adds.
fn sentence(errno: Errno) -> String {
    let text = io::Error::from(errno).to_string();
    match text.split_once(" (os error") {
        Some((sentence, _)) => sentence.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_carries_its_errno_in_a_detail() {
        let status = Status::from(Fault::new(Errno::NOENT, "stat \"/x\""));
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.message(), "stat \"/x\": No such file or directory");
        let rich = RpcStatus::decode(status.details()).unwrap();
        assert_eq!((rich.code, rich.message.as_str()), (5, status.message()));
        assert_eq!(rich.details[0].type_url, TYPE_URL);
        let detail = FileFault::decode(rich.details[0].value.as_slice()).unwrap();
        assert_eq!(detail.errno, libc::ENOENT);
    }
}
