use super::failure::Failure;
use super::lookup::candidates;
use crate::account::{self, BadUser, Identity};
use crate::proto::agent::ExecStart;
use crate::proto::agent::exec_failed::Reason;
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
    pub identity: Option<Identity>,
    pub open_stdin: bool,
}

impl Command {
    pub fn plan(start: &ExecStart, identity: Option<Identity>) -> Result<Self, Failure> {
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
        let cwd = if start.cwd.is_empty() { "/" } else { &start.cwd };
        Ok(Self {
            argv,
            env,
            candidates: candidates(argv0.as_bytes(), path),
            cwd_ancestry: ancestry(cwd)?,
            cwd: c_string("working directory", cwd)?,
            identity,
            open_stdin: start.open_stdin,
        })
    }
}

/// Credentials for `user`. An agent that is not root (only in tests) can start processes as itself alone.
pub fn identify(user: &str) -> Result<Option<Identity>, Failure> {
    if user.is_empty() && !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    account::look_up(user)
        .map(Some)
        .map_err(|BadUser(message)| Failure::new(Reason::BadUser, message))
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
        let command = Command::plan(&start(&["ls", "-l"], &[("PATH", "/x"), ("A", "b=c")], "/a/b"), None).unwrap();
        assert_eq!(command.env, [c"PATH=/x".to_owned(), c"A=b=c".to_owned()]);
        assert_eq!(command.candidates, [c"/x/ls".to_owned()]);
        assert_eq!(command.cwd_ancestry, [c"/a".to_owned(), c"/a/b".to_owned()]);
        assert_eq!(
            Command::plan(&start(&["ls"], &[], ""), None).unwrap().cwd,
            c"/".to_owned()
        );
    }

    #[test]
    fn refuses_what_cannot_be_passed_on() {
        let reason = |start: ExecStart| Command::plan(&start, None).unwrap_err().reason;
        assert_eq!(reason(start(&[], &[], "")), Reason::Invalid);
        assert_eq!(reason(start(&[""], &[], "")), Reason::NotFound);
        assert_eq!(reason(start(&["a\0b"], &[], "")), Reason::Invalid);
        assert_eq!(reason(start(&["a"], &[("A=B", "c")], "")), Reason::Invalid);
        assert_eq!(reason(start(&["a"], &[("", "c")], "")), Reason::Invalid);
        assert_eq!(reason(start(&["a"], &[], "tmp")), Reason::BadCwd);
    }
}
