//! The jail that the starter asks for: PROTOCOL.md, "Start".

use crate::failure::Failure;
use crate::field::{absolute, file_name, invalid};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A VM has a root, six devices and a few sockets; a composed share has 256 entries.
const MAX_ENTRIES: usize = 4096;
/// What a place of the tree may be deep: `/shares/N/NAME` is the longest.
const MAX_DEPTH: usize = 4;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Jail {
    pub mode: Mode,
    /// Directories that become read-only in their own place before the tree is made of them, so also as a part of others.
    pub read_only: Vec<String>,
    pub tree: Vec<Entry>,
    pub network: Network,
    pub limits: Option<Limits>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// A measure that cannot be applied ends the start.
    Required,
    /// It is left out and said.
    BestEffort,
}

/// One thing of the host in the VM process's tree.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Its place in the tree, such as `/shares/0/data`.
    pub at: String,
    /// A directory, file or socket of the host; null: an empty directory.
    pub path: Option<String>,
    pub read_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    Isolated,
    Host,
}

/// Limits of the VM process as a whole, the guest's memory and CPUs included; null: none.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limits {
    pub memory_mib: Option<u64>,
    /// Thousandths of a CPU.
    pub cpu_millis: Option<u64>,
    /// Threads.
    pub pids: Option<u64>,
}

impl Jail {
    /// One without a VM.
    pub fn least() -> Self {
        Self {
            mode: Mode::BestEffort,
            read_only: Vec::new(),
            tree: Vec::new(),
            network: Network::Isolated,
            limits: None,
        }
    }

    pub fn validate(&self) -> Result<(), Failure> {
        for path in &self.read_only {
            absolute("jail.readOnly", path)?;
        }
        if self.tree.len() > MAX_ENTRIES {
            return Err(invalid("jail.tree", format!("has more than {MAX_ENTRIES} entries")));
        }
        for entry in &self.tree {
            if let Some(path) = &entry.path {
                absolute("jail.tree", path)?;
            }
            let names: Vec<&str> = entry.at.split('/').collect();
            let ours = matches!(names.get(1), Some(&("dev" | "proc")));
            if !names[0].is_empty() || names.len() < 2 || names.len() > MAX_DEPTH || ours {
                return Err(invalid("jail.tree", format!("{:?} is no place in the tree", entry.at)));
            }
            names[1..].iter().try_for_each(|name| file_name("jail.tree", name))?;
        }
        self.refuse_nested_places()
    }

    /// A place within another entry would be made in a directory of the host.
    fn refuse_nested_places(&self) -> Result<(), Failure> {
        let places: BTreeSet<&str> = self.tree.iter().map(|entry| entry.at.as_str()).collect();
        let outer = |at: &str| {
            at.match_indices('/')
                .any(|(end, _)| places.contains(&at[..end]))
                .then(|| at.to_owned())
        };
        if places.len() < self.tree.len() {
            return Err(invalid("jail.tree", "has two entries in one place"));
        }
        match places.iter().find_map(|at| outer(at)) {
            Some(at) => Err(invalid("jail.tree", format!("{at:?} lies within another entry"))),
            None => Ok(()),
        }
    }
}
