use std::time::Instant;

/// A longer line is written in parts, so that neither writer nor reader ever holds more.
pub const MAX_PART_BYTES: usize = 16 * 1024;

/// Cuts a stream into lines.
#[derive(Default)]
pub struct Lines {
    begun: Vec<u8>,
    since: Option<Instant>,
}

impl Lines {
    /// Hands each finished line over without its newline, and pieces of a line that is too long as partial ones.
    pub fn push(&mut self, bytes: &[u8], now: Instant, mut ready: impl FnMut(&[u8], bool)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            self.begun.extend_from_slice(text);
            while self.begun.len() > MAX_PART_BYTES {
                let cut = whole_characters(&self.begun[..MAX_PART_BYTES]);
                ready(&self.begun[..cut], true);
                self.begun.drain(..cut);
            }
            if ends {
                ready(&self.begun, false);
                self.begun.clear();
                self.since = None;
            } else {
                self.since.get_or_insert(now);
            }
        }
    }

    /// When the line that has no end yet began.
    pub fn waiting_since(&self) -> Option<Instant> {
        self.since
    }

    /// The beginning of a line, as far as it is there. An unfinished character goes with it: it may never be finished.
    pub fn flush(&mut self) -> Option<Vec<u8>> {
        self.since.take()?;
        Some(std::mem::take(&mut self.begun)).filter(|begun| !begun.is_empty())
    }
}

/// How many of the bytes to take so that no character is cut, when they are UTF-8 at all.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Part = (Vec<u8>, bool);

    fn cut(chunks: &[&[u8]]) -> (Vec<Part>, Option<Vec<u8>>) {
        let mut lines = Lines::default();
        let mut parts = Vec::new();
        for chunk in chunks {
            lines.push(chunk, Instant::now(), |part, partial| {
                parts.push((part.to_vec(), partial))
            });
        }
        (parts, lines.flush())
    }

    fn whole(text: &str) -> Part {
        (text.as_bytes().to_vec(), false)
    }

    #[test]
    fn lines_come_whole_however_they_arrive() {
        let expected = vec![whole("one"), whole(""), whole("two\r")];
        assert_eq!(cut(&[b"one\n\ntwo\r\n"]), (expected.clone(), None));
        assert_eq!(cut(&[b"o", b"ne", b"\n", b"\ntwo", b"\r\n"]), (expected, None));
    }

    #[test]
    fn what_has_no_end_is_left_for_the_flush() {
        assert_eq!(
            cut(&[b"one\nlog", b"in: "]),
            (vec![whole("one")], Some(b"login: ".to_vec()))
        );
        assert_eq!(cut(&[b""]), (vec![], None));
    }

    #[test]
    fn a_line_of_the_greatest_length_is_whole_and_a_longer_one_is_cut() {
        let longest = "x".repeat(MAX_PART_BYTES);
        assert_eq!(cut(&[longest.as_bytes(), b"\n"]).0, [whole(&longest)]);
        let part = (longest.as_bytes().to_vec(), true);
        assert_eq!(
            cut(&[longest.as_bytes(), longest.as_bytes(), b"end\n"]).0,
            [part.clone(), part, whole("end")]
        );
    }

    #[test]
    fn no_character_is_cut_but_what_is_no_utf8_is() {
        let long = format!("x{}", "ü".repeat(MAX_PART_BYTES / 2));
        let (parts, rest) = cut(&[long.as_bytes()]);
        assert_eq!((parts[0].0.len(), parts.len()), (MAX_PART_BYTES - 1, 1));
        assert_eq!(rest.unwrap(), "ü".as_bytes());
        let noise = vec![0x80; MAX_PART_BYTES + 1];
        assert_eq!(cut(&[&noise]).0[0].0.len(), MAX_PART_BYTES);
    }
}
