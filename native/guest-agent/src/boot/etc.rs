use super::beneath::{ensure_directory, replace_file};
use super::stages::{Attempt, Trouble};
use std::os::fd::{AsFd, BorrowedFd};

/// Writes the files that depend on the box and not on the image.
pub fn write(root: BorrowedFd<'_>, hostname: &str) -> Result<(), Trouble> {
    let etc = ensure_directory(root, &["etc".to_owned()]).attempt(|| "open /etc".into())?;
    for (name, text) in [
        ("hostname", format!("{hostname}\n")),
        ("hosts", hosts(hostname)),
        // Nothing yet tells the guest of a resolver; the image's own list would name those of where it was built.
        ("resolv.conf", String::new()),
    ] {
        replace_file(etc.as_fd(), name, text.as_bytes()).attempt(|| format!("write /etc/{name}"))?;
    }
    Ok(())
}

fn hosts(hostname: &str) -> String {
    format!("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t{hostname}\n")
}
