use std::ffi::CString;

/// Searched when the environment names no PATH, as container engines have it.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Entries of PATH that are tried.
const MAX_ENTRIES: usize = 256;

/// The paths that execvp would try for `argv0`, in order; an empty entry is the working directory (exec(3p)).
pub fn candidates(argv0: &[u8], path: Option<&[u8]>) -> Vec<CString> {
    if argv0.contains(&b'/') {
        return CString::new(argv0).into_iter().collect();
    }
    path.unwrap_or(DEFAULT_PATH)
        .split(|byte| *byte == b':')
        .take(MAX_ENTRIES)
        .filter_map(|directory| {
            let mut candidate = if directory.is_empty() {
                b".".to_vec()
            } else {
                directory.to_vec()
            };
            candidate.push(b'/');
            candidate.extend_from_slice(argv0);
            CString::new(candidate).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(argv0: &str, path: Option<&str>) -> Vec<String> {
        let found = candidates(argv0.as_bytes(), path.map(str::as_bytes));
        found.into_iter().map(|path| path.into_string().unwrap()).collect()
    }

    #[test]
    fn follows_exec_3p() {
        assert_eq!(strings("sh", Some("/a:/b/")), ["/a/sh", "/b//sh"]);
        assert_eq!(strings("sh", Some(":/a:")), ["./sh", "/a/sh", "./sh"]);
        assert_eq!(strings("./sh", Some("/a")), ["./sh"]);
        assert_eq!(strings("/bin/sh", None), ["/bin/sh"]);
        assert_eq!(strings("sh", None).len(), 6);
    }
}
