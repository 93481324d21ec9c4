use super::beneath::{ensure_directory, replace_file};
use super::layer::Layers;
use super::stages::{Attempt, Trouble};
use crate::proto::boot::{Host, Resolver};
use std::fmt::Write;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

/// Of each list that these files are made of.
const MAX_ENTRIES: usize = 256;
const MAX_WORD_BYTES: usize = 253;

/// What names the guest knows, and whom it asks for others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    hosts: String,
    resolver: String,
}

impl Names {
    pub fn check(hosts: Vec<Host>, resolver: Option<Resolver>) -> Result<Self, Trouble> {
        let mut names = Self::default();
        bounded("hosts", hosts.len())?;
        for host in hosts {
            let address = address(&host.address)?;
            if host.names.is_empty() {
                return Err(Trouble::new(format!("the host {address} has no name")));
            }
            let _ = writeln!(names.hosts, "{address}\t{}", words("host name", &host.names)?);
        }
        let resolver = resolver.unwrap_or_default();
        bounded("resolvers", resolver.servers.len())?;
        for server in &resolver.servers {
            let _ = writeln!(names.resolver, "nameserver {}", address(server)?);
        }
        for (key, values) in [("search", &resolver.search), ("options", &resolver.options)] {
            if !values.is_empty() {
                let _ = writeln!(names.resolver, "{key} {}", words(key, values)?);
            }
        }
        Ok(names)
    }
}

fn bounded(what: &str, count: usize) -> Result<(), Trouble> {
    match count <= MAX_ENTRIES {
        true => Ok(()),
        false => Err(Trouble::new(format!("{count} {what}, {MAX_ENTRIES} allowed"))),
    }
}

fn address(text: &str) -> Result<IpAddr, Trouble> {
    text.parse()
        .map_err(|_| Trouble::new(format!("{text:?} is no IP address")))
}

/// Neither file can hold a blank or a comment within a word.
fn words(what: &str, words: &[String]) -> Result<String, Trouble> {
    bounded(what, words.len())?;
    let fits = |word: &String| {
        (1..=MAX_WORD_BYTES).contains(&word.len())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b';'))
    };
    match words.iter().find(|word| !fits(word)) {
        Some(word) => Err(Trouble::new(format!("{word:?} cannot be a {what}"))),
        None => Ok(words.join(" ")),
    }
}

/// Writes the files that depend on the box and not on the image, below the overlay. False where that cannot be: then [`write`] has to.
pub fn write_below(layers: &Layers, hostname: &str, names: &Names) -> Result<bool, Trouble> {
    match layers.directory("etc")? {
        Some(etc) => write_into(etc.as_fd(), hostname, names).map(|()| true),
        None => Ok(false),
    }
}

/// Writes these files into the merged root.
pub fn write(root: BorrowedFd<'_>, hostname: &str, names: &Names) -> Result<(), Trouble> {
    let etc = ensure_directory(root, &["etc".to_owned()]).attempt(|| "open /etc".into())?;
    write_into(etc.as_fd(), hostname, names)
}

fn write_into(etc: BorrowedFd<'_>, hostname: &str, names: &Names) -> Result<(), Trouble> {
    for (name, text) in [
        ("hostname", format!("{hostname}\n")),
        ("hosts", hosts(hostname, &names.hosts)),
        // The image's own list would name the resolvers of where it was built.
        ("resolv.conf", names.resolver.clone()),
    ] {
        replace_file(etc, name, text.as_bytes()).attempt(|| format!("write /etc/{name}"))?;
    }
    Ok(())
}

fn hosts(hostname: &str, further: &str) -> String {
    format!("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{hostname}\n{further}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(address: &str, names: &[&str]) -> Host {
        Host {
            address: address.to_owned(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn lines_are_as_the_files_have_them() {
        let resolver = Resolver {
            servers: vec!["10.0.0.1".to_owned(), "fd00::1".to_owned()],
            search: vec!["a.example".to_owned(), "b.example".to_owned()],
            options: vec!["ndots:2".to_owned()],
        };
        let names = Names::check(vec![host("10.0.0.7", &["db", "db.local"])], Some(resolver)).unwrap();
        assert!(hosts("box", &names.hosts).ends_with("127.0.1.1\tbox\n10.0.0.7\tdb db.local\n"));
        let text = "nameserver 10.0.0.1\nnameserver fd00::1\nsearch a.example b.example\noptions ndots:2\n";
        assert_eq!(names.resolver, text);
        assert_eq!(Names::check(vec![], None).unwrap(), Names::default());
    }

    #[test]
    fn nothing_makes_a_line_of_its_own() {
        for host in [
            host("10.0.0", &["a"]),
            host("10.0.0.1\n10.0.0.2", &["a"]),
            host("10.0.0.1", &[]),
            host("10.0.0.1", &["a\n10.0.0.2 b"]),
            host("10.0.0.1", &["a b"]),
            host("10.0.0.1", &["#"]),
            host("10.0.0.1", &[""]),
        ] {
            assert!(Names::check(vec![host.clone()], None).is_err(), "{host:?}");
        }
        let search = Resolver {
            search: vec!["a\nnameserver 1.1.1.1".to_owned()],
            ..Resolver::default()
        };
        assert!(Names::check(vec![], Some(search)).is_err());
        assert!(Names::check(vec![host("10.0.0.1", &["a"]); 257], None).is_err());
    }
}
