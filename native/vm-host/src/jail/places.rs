use super::request::Entry;

/// Where the VM process finds what has a place in its tree.
pub enum Places<'a> {
    /// Where the start says.
    Tree,
    /// Where it is on the host: there is no tree.
    Host(&'a [Entry]),
}

impl Places<'_> {
    pub fn find(&self, at: &str) -> Result<String, String> {
        let Self::Host(entries) = self else {
            return Ok(at.to_owned());
        };
        entries
            .iter()
            .find_map(|entry| {
                let rest = at.strip_prefix(&entry.at)?;
                let path = entry.path.as_deref()?;
                (rest.is_empty() || rest.starts_with('/')).then(|| format!("{path}{rest}"))
            })
            .ok_or_else(|| format!("{at:?} exists in a tree of its own only, which this jail has not"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_tree_everything_is_where_the_host_has_it() {
        let entry = |at: &str, path: Option<&str>| Entry {
            at: at.into(),
            path: path.map(str::to_owned),
            read_only: false,
        };
        let entries = [
            entry("/sockets/1", Some("/run/one")),
            entry("/sockets/10", Some("/run/ten")),
            entry("/shares/0/a", Some("/srv/a")),
            entry("/shares/1", None),
        ];
        let places = Places::Host(&entries);
        assert_eq!(places.find("/sockets/1").unwrap(), "/run/one");
        assert_eq!(places.find("/sockets/10/agent.sock").unwrap(), "/run/ten/agent.sock");
        assert!(places.find("/shares/0").is_err());
        assert!(places.find("/shares/1").is_err());
        assert_eq!(Places::Tree.find("/shares/1").unwrap(), "/shares/1");
    }
}
