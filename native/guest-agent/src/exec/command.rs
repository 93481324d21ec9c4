use super::agent::{Agent, identify};
use super::capabilities::Granted;
use super::failure::Failure;
use super::filter::{self, Program};
use super::lookup::candidates;
use super::rlimits::{self, Limit};
use super::terminal::Size;
use crate::account::Identity;
use crate::proto::agent::exec_failed::Reason;
use crate::proto::agent::{ExecStart, TerminalSize};
use std::ffi::CString;

/// execve refuses more than a quarter of the stack limit (2 MiB by default) by itself.
const MAX_STRINGS: usize = 16 * 1024;
const MAX_CWD_BYTES: usize = 4095;

/// Everything that the child needs, decided before the fork.
#[derive(Debug)]
pub struct Command {
    pub argv: Vec<CString>,
    pub env: Vec<CString>,
    pub candidates: Vec<CString>,
    pub cwd: CString,
    /// `cwd` and the directories above it, topmost first.
    pub cwd_ancestry: Vec<CString>,
    /// None keeps the agent's own credentials.
    pub identity: Option<(Identity, Granted)>,
    pub new_privileges: bool,
    /// Of system calls; none: every call.
    pub filter: Option<Program>,
    pub rlimits: Vec<Limit>,
    pub reset_oom: bool,
    pub open_stdin: bool,
    pub terminal: Option<Size>,
}

impl Command {
    pub fn plan(start: &ExecStart, agent: &Agent) -> Result<Self, Failure> {
        let argv0 = start.argv.first().ok_or_else(|| Failure::invalid("argv is empty"))?;
        if argv0.is_empty() {
            return Err(Failure::new(Reason::NotFound, "the command is an empty string"));
        }
        if start.argv.len() + start.env.len() > MAX_STRINGS {
            return Err(Failure::invalid(format!(
                "more than {MAX_STRINGS} arguments and variables"
            )));
        }
        let argv = start
            .argv
            .iter()
            .map(|argument| c_string("argument", argument))
            .collect::<Result<_, _>>()?;
        let mut env = Vec::with_capacity(start.env.len());
        let mut path = None;
        for variable in &start.env {
            if variable.name.is_empty() || variable.name.contains('=') {
                return Err(Failure::invalid(format!(
                    "{:?} is no name of a variable",
                    variable.name
                )));
            }
            if variable.name == "PATH" {
                path = Some(variable.value.as_bytes());
            }
            env.push(c_string("variable", &format!("{}={}", variable.name, variable.value))?);
        }
        let identity = identify(start, agent)?;
        let bounding = identity.as_ref().map_or(0, |(_, granted)| granted.bounding);
        // An agent that is not root (only in tests) may filter only what can gain nothing.
        let filtered = !start.seccomp_unconfined && (identity.is_some() || !start.new_privileges);
        let cwd = if start.cwd.is_empty() { "/" } else { &start.cwd };
        Ok(Self {
            argv,
            env,
            candidates: candidates(argv0.as_bytes(), path),
            cwd_ancestry: ancestry(cwd)?,
            cwd: c_string("working directory", cwd)?,
            filter: filtered.then(|| filter::program(bounding)),
            identity,
            new_privileges: start.new_privileges,
            rlimits: rlimits::plan(&start.limits, agent.hard_nofile)?,
            reset_oom: agent.shielded,
            open_stdin: start.open_stdin,
            terminal: start.terminal.as_ref().map(terminal_size).transpose()?,
        })
    }
}

/// The kernel keeps both in 16 bits; 0 would mean that nobody knows.
pub fn terminal_size(size: &TerminalSize) -> Result<Size, Failure> {
    match (u16::try_from(size.columns), u16::try_from(size.rows)) {
        (Ok(columns @ 1..), Ok(rows @ 1..)) => Ok(Size { columns, rows }),
        _ => Err(Failure::invalid(format!(
            "a terminal cannot have {} columns and {} rows",
            size.columns, size.rows
        ))),
    }
}

fn ancestry(cwd: &str) -> Result<Vec<CString>, Failure> {
    if !cwd.starts_with('/') || cwd.len() > MAX_CWD_BYTES {
        return Err(Failure::new(
            Reason::BadCwd,
            format!("working directory {cwd:?} is not an absolute path"),
        ));
    }
    let ends = cwd
        .match_indices('/')
        .map(|(at, _)| at)
        .filter(|at| *at > 0)
        .chain([cwd.len()]);
    ends.map(|end| c_string("working directory", &cwd[..end])).collect()
}

fn c_string(what: &str, text: &str) -> Result<CString, Failure> {
    CString::new(text).map_err(|_| Failure::invalid(format!("the {what} {text:?} holds a NUL byte")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::agent::EnvironmentVariable;

    const AGENT: Agent = Agent {
        is_root: false,
        capabilities: 0,
        hard_nofile: 1024,
        shielded: false,
    };

    fn start(argv: &[&str], env: &[(&str, &str)], cwd: &str) -> ExecStart {
        let variable = |(name, value): &(&str, &str)| EnvironmentVariable {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        ExecStart {
            argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
            env: env.iter().map(variable).collect(),
            cwd: cwd.to_owned(),
            ..ExecStart::default()
        }
    }

    #[test]
    fn plans_environment_path_and_directories() {
        let command = Command::plan(&start(&["ls", "-l"], &[("PATH", "/x"), ("A", "b=c")], "/a/b"), &AGENT).unwrap();
        assert_eq!(command.env, [c"PATH=/x".to_owned(), c"A=b=c".to_owned()]);
        assert_eq!(command.candidates, [c"/x/ls".to_owned()]);
        assert_eq!(command.cwd_ancestry, [c"/a".to_owned(), c"/a/b".to_owned()]);
        assert_eq!(
            Command::plan(&start(&["ls"], &[], ""), &AGENT).unwrap().cwd,
            c"/".to_owned()
        );
    }

    #[test]
    fn refuses_what_cannot_be_passed_on() {
        let reason = |start: ExecStart| Command::plan(&start, &AGENT).unwrap_err().reason;
        assert_eq!(reason(start(&[], &[], "")), Reason::Invalid);
        assert_eq!(reason(start(&[""], &[], "")), Reason::NotFound);
        assert_eq!(reason(start(&["a\0b"], &[], "")), Reason::Invalid);
        assert_eq!(reason(start(&["a"], &[("A=B", "c")], "")), Reason::Invalid);
        assert_eq!(reason(start(&["a"], &[("", "c")], "")), Reason::Invalid);
        assert_eq!(reason(start(&["a"], &[], "tmp")), Reason::BadCwd);
        for (columns, rows) in [(0, 24), (80, 65536)] {
            let terminal = Some(TerminalSize { columns, rows });
            let start = ExecStart {
                terminal,
                ..start(&["a"], &[], "")
            };
            assert_eq!(reason(start), Reason::Invalid);
        }
    }
}
