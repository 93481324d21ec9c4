use super::fault::Fault;
use rustix::io::Errno;
use std::ffi::CString;
use std::fmt;

/// Linux PATH_MAX without the NUL.
const MAX_PATH_BYTES: usize = 4095;

/// An absolute path in the box, as bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct GuestPath(Vec<u8>);

impl GuestPath {
    pub fn new(bytes: Vec<u8>) -> Result<Self, Fault> {
        let path = Self(bytes);
        if path.0.len() > MAX_PATH_BYTES {
            return Err(Fault::because(
                Errno::NAMETOOLONG,
                format!("a path has {} bytes, Linux takes {MAX_PATH_BYTES}", path.0.len()),
            ));
        }
        if path.0.contains(&0) {
            return Err(Fault::because(
                Errno::INVAL,
                format!("the path {path:?} holds a NUL byte"),
            ));
        }
        if path.0.first() != Some(&b'/') {
            return Err(Fault::because(
                Errno::INVAL,
                format!("the path {path:?} is not absolute"),
            ));
        }
        Ok(path)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn c_string(&self) -> Result<CString, Fault> {
        c_string(&self.0)
    }

    /// The directory above and the last name, as text: links are not looked at. The last name of `/` and of a path that
    /// ends in `.` or `..` is `.`, in the directory that the whole path is.
    pub fn split(&self) -> (GuestPath, Vec<u8>) {
        let end = self.0.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
        let start = self.0[..end]
            .iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |slash| slash + 1);
        match &self.0[start..end] {
            b"" | b"." | b".." => (self.clone(), b".".to_vec()),
            name => (GuestPath(self.0[..start].to_vec()), name.to_vec()),
        }
    }

    /// Whether it says that what it names is a directory.
    pub fn asks_for_directory(&self) -> bool {
        self.0.ends_with(b"/") || self.split().1 == b"."
    }

    /// Where a link in this directory leads to.
    pub fn follow(&self, target: &[u8]) -> Result<GuestPath, Fault> {
        if target.starts_with(b"/") {
            return GuestPath::new(target.to_vec());
        }
        GuestPath::new([self.0.as_slice(), b"/", target].concat())
    }

    /// The paths on the way from the root, each with one more name, this one last.
    pub fn prefixes(&self) -> impl Iterator<Item = GuestPath> + '_ {
        let ends = (1..self.0.len()).filter(|at| self.0[*at] == b'/' && self.0[at - 1] != b'/');
        ends.map(|end| GuestPath(self.0[..end].to_vec())).chain([self.clone()])
    }
}

/// Quoted, so that a message shows where it begins and ends.
impl fmt::Debug for GuestPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf8_lossy(&self.0), formatter)
    }
}

pub fn c_string(bytes: &[u8]) -> Result<CString, Fault> {
    CString::new(bytes).map_err(|_| Fault::because(Errno::INVAL, "a name holds a NUL byte"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> GuestPath {
        GuestPath::new(text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn refuses_what_is_no_absolute_path() {
        for bytes in ["", "a", "./a", "/a\0b"] {
            assert_eq!(
                GuestPath::new(bytes.as_bytes().to_vec()).unwrap_err().errno(),
                libc::EINVAL
            );
        }
        assert_eq!(
            GuestPath::new(vec![b'/'; 4096]).unwrap_err().errno(),
            libc::ENAMETOOLONG
        );
        GuestPath::new(vec![b'/', 0xff]).unwrap();
    }

    #[test]
    fn splits_off_the_last_name() {
        let table = [
            ("/a/b", "/a/", "b"),
            ("/a", "/", "a"),
            ("/a/b//", "/a/", "b"),
            ("/", "/", "."),
            ("//", "//", "."),
            ("/a/.", "/a/.", "."),
            ("/a/..", "/a/..", "."),
        ];
        for (text, parent, name) in table {
            assert_eq!(path(text).split(), (path(parent), name.as_bytes().to_vec()), "{text}");
        }
        assert!(path("/a/").asks_for_directory() && path("/").asks_for_directory());
        assert!(!path("/a/b").asks_for_directory());
    }

    #[test]
    fn prefixes_come_from_the_root_on() {
        let prefixes = |text: &str| path(text).prefixes().collect::<Vec<_>>();
        assert_eq!(prefixes("/a//b/c"), [path("/a"), path("/a//b"), path("/a//b/c")]);
        assert_eq!(prefixes("/"), [path("/")]);
    }

    #[test]
    fn links_are_followed_as_text() {
        assert_eq!(path("/a/b").follow(b"../c").unwrap(), path("/a/b/../c"));
        assert_eq!(path("/a/b").follow(b"/c").unwrap(), path("/c"));
        assert!(path("/a").follow(&[b'x'; 4095]).is_err());
    }
}
