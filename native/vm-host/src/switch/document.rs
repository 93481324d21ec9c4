//! What the starter and the switch say to each other: PROTOCOL.md, "The switch of a network".

use super::dns::MAX_NAME;
use super::ethernet::Station;
use crate::failure::Failure;
use crate::field::{absolute, invalid};
use crate::jail::{Entry, Jail, Mode, Network};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::Ipv4Addr;

/// A line of either side.
pub const MAX_LINE: usize = 4096;
const MAX_NAMES: usize = 8;
const MAX_SOCKET_NAME: usize = 16;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Start {
    version: u32,
    /// Where its sockets are.
    pub directory: String,
    pub state_path: String,
    pub gateway: Station,
    pub jail: Mode,
}

impl Start {
    pub fn parse(line: &[u8]) -> Result<Self, Failure> {
        let start: Self = serde_json::from_slice(line).map_err(|error| invalid("spec", error.to_string()))?;
        if start.version != 1 {
            return Err(invalid("version", "is not 1"));
        }
        absolute("directory", &start.directory)?;
        absolute("statePath", &start.state_path)?;
        Ok(start)
    }

    /// Its directory is all that it finds.
    pub fn jail(&self, at: &str) -> Jail {
        Jail {
            mode: self.jail,
            read_only: Vec::new(),
            tree: vec![Entry {
                at: at.to_owned(),
                path: Some(self.directory.clone()),
                read_only: false,
            }],
            network: Network::Isolated,
            limits: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Request {
    Join(Join),
    Rename(Rename),
    Status(Nothing),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A member whose VM is about to connect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    pub station: Station,
    pub names: Vec<String>,
    /// Name of the socket that it connects to, in the switch's directory.
    pub socket: String,
}

/// A member has other names from now on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    pub address: Ipv4Addr,
    pub names: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer<'a> {
    Ready {
        jail: Value,
    },
    Failed(&'a Failure),
    /// Its socket is there.
    Joined(Ipv4Addr),
    /// Its VM has connected.
    Connected(Ipv4Addr),
    Renamed(Ipv4Addr),
    Refused(&'a str),
    Status(Vec<Reading>),
}

/// What has gone through a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// From the member.
    pub sent_frames: u64,
    pub sent_bytes: u64,
    /// To the member.
    pub received_frames: u64,
    pub received_bytes: u64,
    /// For the member, and lost because it was too slow.
    pub lost_frames: u64,
    /// From the member, and let through to nobody.
    pub refused_frames: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    pub address: Ipv4Addr,
    pub connected: bool,
    #[serde(flatten)]
    pub counters: Counters,
}

impl Request {
    pub fn parse(line: &[u8]) -> Result<Self, &'static str> {
        let request: Self = serde_json::from_slice(line).map_err(|_| "it is no request")?;
        let names = match &request {
            Self::Join(join) => {
                let socket = join.socket.as_bytes();
                let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
                if socket.len() > MAX_SOCKET_NAME || !socket.iter().all(plain) || !join.socket.ends_with(".sock") {
                    return Err("the socket has no name that one can have");
                }
                &join.names
            }
            Self::Rename(rename) => &rename.names,
            Self::Status(_) => return Ok(request),
        };
        if names.len() > MAX_NAMES || names.iter().any(|name| name.len() > MAX_NAME) {
            return Err("these are too many names, or too long ones");
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn requests_are_taken_as_they_are_meant_or_refused() {
        let join = |socket: &str, names: &str| {
            format!(
                r#"{{"join":{{"station":{{"address":"10.163.0.2","mac":"02:a3:0a:a3:00:02"}},"names":[{names}],"socket":"{socket}"}}}}"#
            )
        };
        assert!(matches!(
            Request::parse(join("2.sock", r#""web""#).as_bytes()),
            Ok(Request::Join(_))
        ));
        assert!(matches!(Request::parse(br#"{"status":{}}"#), Ok(Request::Status(_))));
        let long = format!("\"{}\"", "a".repeat(254));
        for line in [
            join("../2.sock", ""),
            join("2", ""),
            join("2.sock", &long),
            join("2.sock", &["\"a\""; 9].join(",")),
            r#"{"join":{}}"#.into(),
            r#"{"leave":{}}"#.into(),
        ] {
            assert!(Request::parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_a_request_or_none(line in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Request::parse(&line);
        }
    }
}
