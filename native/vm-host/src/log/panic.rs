/// More of a line than this says nothing of a panic.
const MAX_LINE_BYTES: usize = 256;
const WORDS: &str = "Kernel panic - not syncing: ";

/// Looks among the lines of a guest's console for the one with which its kernel says that it gives up. The guest's
/// root can write such a line, too.
#[derive(Default)]
pub struct PanicWatch {
    line: Vec<u8>,
    found: Option<String>,
}

impl PanicWatch {
    /// Takes a line, or a part of one.
    pub fn take(&mut self, part: &[u8], partial: bool) {
        let room = MAX_LINE_BYTES - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        if !partial {
            self.end();
        }
    }

    /// What the kernel said last, a line without an end included.
    pub fn finish(&mut self) -> Option<String> {
        self.end();
        self.found.take()
    }

    fn end(&mut self) {
        let said = reason(&String::from_utf8_lossy(&self.line));
        self.found = said.or(self.found.take());
        self.line.clear();
    }
}

/// Behind the kernel's time, where it says one: `[    0.914125] `.
fn reason(line: &str) -> Option<String> {
    let text = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((time, text)) if time.bytes().all(|byte| matches!(byte, b' ' | b'.' | b'0'..=b'9')) => text,
        _ => line,
    };
    let said: String = text.strip_prefix(WORDS)?.chars().filter(|c| !c.is_control()).collect();
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(parts: &[(&str, bool)]) -> Option<String> {
        let mut watch = PanicWatch::default();
        for (part, partial) in parts {
            watch.take(part.as_bytes(), *partial);
        }
        watch.finish()
    }

    #[test]
    fn the_kernels_reason_is_found_whole_and_the_last_one_counts() {
        let line = "[    0.914125] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\r";
        let reason = Some("Attempted to kill init! exitcode=0x00000300".to_string());
        assert_eq!(found(&[(line, false), ("[    0.9] CPU: 0 PID: 1", false)]), reason);
        assert_eq!(found(&[(&line[..30], true), (&line[30..], false)]), reason);
        assert_eq!(found(&[(line, true)]), reason);
        assert_eq!(
            found(&[("Kernel panic - not syncing: Fatal exception", false), (line, false)]),
            reason
        );
    }

    #[test]
    fn what_only_speaks_of_a_panic_is_none() {
        for line in [
            "",
            "it said: Kernel panic - not syncing: x",
            "[x] Kernel panic - not syncing: x",
            "Kernel panic - not syncing: ",
            "[ 0.9] ---[ end Kernel panic - not syncing: x ]---",
        ] {
            assert_eq!(found(&[(line, false)]), None, "{line}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_room() {
        let mut watch = PanicWatch::default();
        for _ in 0..100 {
            watch.take(&[b'x'; 4096], true);
        }
        assert_eq!((watch.line.len(), watch.finish()), (MAX_LINE_BYTES, None));
    }
}
