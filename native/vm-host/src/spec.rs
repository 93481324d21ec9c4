use crate::argument::Arg;
use crate::card::{self, Peer};
use crate::failure::{Failure, Stage};
use crate::field::{absolute, invalid};
use crate::jail::Jail;
use crate::log::MAX_RECORD_BYTES;
use crate::parameters;
use serde::Deserialize;
use std::io::{ErrorKind, Read};

/// Longest spec line in bytes: some hundred calls with long paths stay far below it.
const MAX_BYTES: usize = 1 << 20;
const MAX_CALLS: usize = 1024;
const MAX_ARGUMENTS: usize = 8;
const MAX_LOG_FILES: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    pub version: u32,
    pub libkrun: String,
    /// null: libkrun finds it through the system loader.
    pub libkrunfw: Option<String>,
    pub calls: Vec<Call>,
    pub jail: Jail,
    /// Programs at the other ends of network cards.
    #[serde(default)]
    pub peers: Vec<Peer>,
    pub log: Log,
    pub exit_path: String,
    /// Where others find the VM; null for nowhere.
    pub state_path: Option<String>,
    pub remove: Vec<String>,
    pub detached: bool,
}

impl Spec {
    /// The guest's memory, if a call sets it.
    #[cfg(target_arch = "x86_64")]
    pub fn memory_mib(&self) -> Option<u32> {
        let call = self.calls.iter().find(|call| call.function == "krun_set_vm_config")?;
        match call.args.as_slice() {
            [_, _, Arg::U32(mib)] => Some(*mib),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    #[serde(rename = "fn")]
    pub function: String,
    pub args: Vec<Arg>,
    pub save: Option<String>,
    /// What is called instead where the library has no such function.
    pub fallback: Option<Fallback>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fallback {
    #[serde(rename = "fn")]
    pub function: String,
    pub args: Vec<Arg>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Log {
    pub path: String,
    pub max_bytes: u64,
    pub files: u32,
}

/// Reads one line and leaves the source open: its end of file is the lifeline.
pub fn read_line(source: &mut impl Read) -> Result<Vec<u8>, Failure> {
    let mut line = Vec::new();
    let mut chunk = [0u8; 4096];
    loop {
        let n = match source.read(&mut chunk) {
            Ok(0) => return Ok(line),
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::system(Stage::Spec, "descriptor 3", &error)),
        };
        if let Some(end) = chunk[..n].iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(&chunk[..end]);
            return Ok(line);
        }
        line.extend_from_slice(&chunk[..n]);
        if line.len() > MAX_BYTES {
            return Err(invalid("spec", format!("longer than {MAX_BYTES} bytes")));
        }
    }
}

pub fn parse(line: &[u8]) -> Result<Spec, Failure> {
    let spec: Spec = serde_json::from_slice(line).map_err(|error| invalid("spec", error.to_string()))?;
    validate(&spec)?;
    Ok(spec)
}

fn validate(spec: &Spec) -> Result<(), Failure> {
    if spec.version != 1 {
        return Err(invalid(
            "version",
            format!("{} is not a version this vm-host speaks", spec.version),
        ));
    }
    absolute("libkrun", &spec.libkrun)?;
    if let Some(path) = &spec.libkrunfw {
        absolute("libkrunfw", path)?;
    }
    spec.jail.validate()?;
    card::validate(&spec.peers)?;
    log_limits(&spec.log)?;
    absolute("exitPath", &spec.exit_path)?;
    if let Some(path) = &spec.state_path {
        absolute("statePath", path)?;
    }
    for path in &spec.remove {
        absolute("remove", path)?;
    }
    if spec.calls.is_empty() || spec.calls.len() > MAX_CALLS {
        return Err(invalid(
            "calls",
            format!("holds {} calls, 1 to {MAX_CALLS} allowed", spec.calls.len()),
        ));
    }
    for call in &spec.calls {
        callable(&call.function, &call.args)?;
        peered(&call.args, &spec.peers)?;
        if let Some(fallback) = &call.fallback {
            callable(&fallback.function, &fallback.args)?;
            peered(&fallback.args, &spec.peers)?;
        }
    }
    Ok(())
}

fn callable(function: &str, args: &[Arg]) -> Result<(), Failure> {
    if !function.starts_with("krun_") {
        return Err(invalid("calls", format!("{function} is not a krun_* function")));
    }
    if args.len() > MAX_ARGUMENTS {
        return Err(invalid(
            "calls",
            format!("{function} has more than {MAX_ARGUMENTS} arguments"),
        ));
    }
    parameters::fault(function, args).map_or(Ok(()), |fault| Err(invalid("calls", fault)))
}

fn peered(args: &[Arg], peers: &[Peer]) -> Result<(), Failure> {
    let missing = |arg: &&Arg| matches!(arg, Arg::Peer(index) if *index >= peers.len());
    args.iter()
        .find(missing)
        .map_or(Ok(()), |_| Err(invalid("calls", "a peer that is not there")))
}

fn log_limits(log: &Log) -> Result<(), Failure> {
    absolute("log.path", &log.path)?;
    if log.max_bytes < MAX_RECORD_BYTES as u64 {
        return Err(invalid("log.maxBytes", format!("must be at least {MAX_RECORD_BYTES}")));
    }
    if !(2..=MAX_LOG_FILES).contains(&log.files) {
        return Err(invalid("log.files", format!("must be 2 to {MAX_LOG_FILES}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(edit: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut value = serde_json::json!({
            "version": 1, "libkrun": "/l/libkrun.so.1", "libkrunfw": null,
            "calls": [{ "fn": "krun_create_ctx", "args": [], "save": "ctx" },
                      { "fn": "krun_x", "args": [{ "ref": "ctx" }, { "u8": 2 }, { "u32": 3 }, { "u64": 18446744073709551615u64 },
                        { "i32": -1 }, { "bool": true }, { "str": null }, { "strs": ["a"] }] }],
            "jail": { "mode": "required", "readOnly": ["/a"], "network": "isolated", "limits": null,
                "tree": [{ "at": "/shares/0/n", "path": "/b", "readOnly": true }, { "at": "/shares/1", "path": null, "readOnly": false }] },
            "peers": [{ "program": "/p", "args": ["-f"], "mac": [2, 0, 0, 0, 0, 1], "address": "10.0.2.2", "gateway": "10.0.2.1" }],
            "log": { "path": "/c", "maxBytes": 131072, "files": 2 },
            "exitPath": "/e", "statePath": "/s", "remove": [], "detached": false
        });
        edit(&mut value);
        serde_json::to_vec(&value).unwrap()
    }

    #[test]
    fn takes_every_kind_of_argument() {
        let spec = parse(&document(|_| {})).unwrap();
        assert_eq!(spec.calls[1].args.len(), 8);
        assert_eq!(spec.jail.tree.len(), 2);
        assert!(matches!(spec.calls[1].args[6], Arg::Str(None)));
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        type Edit = fn(&mut serde_json::Value);
        let cases: [(&str, Edit); 29] = [
            ("version", |v| v["version"] = 2.into()),
            ("libkrun", |v| v["libkrun"] = "libkrun.so".into()),
            ("exitPath", |v| v["exitPath"] = "e".into()),
            ("statePath", |v| v["statePath"] = "s".into()),
            ("log.path", |v| v["log"]["path"] = "c".into()),
            ("log.maxBytes", |v| v["log"]["maxBytes"] = 131_071.into()),
            ("log.files", |v| v["log"]["files"] = 1.into()),
            ("log.files", |v| v["log"]["files"] = 101.into()),
            ("jail.readOnly", |v| v["jail"]["readOnly"][0] = "a".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["path"] = "b".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "/..".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "/a/../b".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "shares/0".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "/a/b/c/d".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "/dev".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "/shares/1".into()),
            ("jail.tree", |v| v["jail"]["tree"][0]["at"] = "/shares/1/0".into()),
            ("spec", |v| v["jail"]["mode"] = "lax".into()),
            ("calls", |v| v["calls"] = serde_json::json!([])),
            ("calls", |v| v["calls"][0]["fn"] = "system".into()),
            ("calls", |v| {
                v["calls"][0]["fallback"] = serde_json::json!({ "fn": "system", "args": [] })
            }),
            (
                "calls",
                |v| v["calls"][0]["args"] = serde_json::json!([{"u8":1},{"u8":1},{"u8":1},{"u8":1},{"u8":1},{"u8":1},{"u8":1},{"u8":1},{"u8":1}]),
            ),
            ("peers", |v| v["peers"][0]["program"] = "p".into()),
            ("peers", |v| v["peers"][0]["args"][0] = "a\0b".into()),
            ("peers", |v| v["peers"] = vec![v["peers"][0].clone(); 9].into()),
            ("spec", |v| v["peers"][0]["gateway"] = "::1".into()),
            ("calls", |v| v["calls"][1]["args"][0] = serde_json::json!({ "peer": 1 })),
            ("spec", |v| v["unknown"] = 1.into()),
            ("spec", |v| v["calls"][1]["args"][1] = serde_json::json!({ "u8": 256 })),
        ];
        for (field, edit) in cases {
            let failure = parse(&document(edit)).unwrap_err();
            assert_eq!((failure.stage, failure.what.as_str()), (Stage::Spec, field));
        }
    }

    #[test]
    fn reads_up_to_the_newline_and_no_endless_line() {
        let mut source: &[u8] = b"{}\nrest";
        assert_eq!(read_line(&mut source).unwrap(), b"{}");
        assert!(read_line(&mut std::io::repeat(b' ')).is_err());
    }
}
