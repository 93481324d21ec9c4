/// More of a line than this says nothing of a panic.
const MAX_LINE_BYTES: usize = 256;
const PANIC: &str = "Kernel panic - not syncing: ";
const VCPU: &str = "ERROR vmm::linux::vstate";

/// Why a VM ended that nobody meant to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What the guest's kernel said of its panic.
    Panic(String),
    /// What libkrun said of a virtual CPU that it cannot run any further.
    Vcpu(String),
}

/// Looks among the lines of a guest's console for the one with which its kernel, or libkrun, says that it gives up. The
/// guest's root can write such a line, too.
#[derive(Default)]
pub struct FaultWatch {
    line: Vec<u8>,
    found: Option<Fault>,
}

impl FaultWatch {
    /// Takes a line, or a part of one.
    pub fn take(&mut self, part: &[u8], partial: bool) {
        let room = MAX_LINE_BYTES - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        if !partial {
            self.end();
        }
    }

    /// What was said last, a line without an end included.
    pub fn finish(&mut self) -> Option<Fault> {
        self.end();
        self.found.take()
    }

    fn end(&mut self) {
        let said = fault(&String::from_utf8_lossy(&self.line));
        self.found = said.or(self.found.take());
        self.line.clear();
    }
}

/// Behind what stands in brackets: libkrun's time and target, of its own words and of what it has from the kernel's
/// console, and the kernel's own time, such as `[2026-01-01T00:00:00Z ERROR init_or_kernel] [    0.914125] `.
fn fault(line: &str) -> Option<Fault> {
    let (mut origin, mut text) = ("", line);
    while let Some((within, behind)) = text.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        (origin, text) = (within, behind);
    }
    if origin.split_once(' ').is_some_and(|(_, rest)| rest == VCPU) {
        return words(text).map(Fault::Vcpu);
    }
    words(text.strip_prefix(PANIC)?).map(Fault::Panic)
}

fn words(text: &str) -> Option<String> {
    let said: String = text.chars().filter(|c| !c.is_control()).collect();
    (!said.is_empty()).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(parts: &[(&str, bool)]) -> Option<Fault> {
        let mut watch = FaultWatch::default();
        for (part, partial) in parts {
            watch.take(part.as_bytes(), *partial);
        }
        watch.finish()
    }

    #[test]
    fn the_kernels_reason_is_found_whole_and_the_last_one_counts() {
        let line = "[    0.914125] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000300\r";
        let reason = Some(Fault::Panic("Attempted to kill init! exitcode=0x00000300".into()));
        assert_eq!(found(&[(line, false), ("[    0.9] CPU: 0 PID: 1", false)]), reason);
        assert_eq!(found(&[(&line[..30], true), (&line[30..], false)]), reason);
        assert_eq!(found(&[(line, true)]), reason);
        let logged = format!("[2026-01-01T00:00:00Z ERROR init_or_kernel] {line}");
        assert_eq!(found(&[(&logged, false)]), reason);
        assert_eq!(
            found(&[("Kernel panic - not syncing: Fatal exception", false), (line, false)]),
            reason
        );
    }

    #[test]
    fn what_libkrun_says_of_a_virtual_cpu_is_found() {
        let line = "[2026-11-28T14:20:18Z ERROR vmm::linux::vstate] Received KVM_EXIT_INTERNAL_ERROR signal";
        let said = Some(Fault::Vcpu("Received KVM_EXIT_INTERNAL_ERROR signal".into()));
        assert_eq!(found(&[(line, false)]), said);
        assert_eq!(found(&[(&line[..70], true), (&line[70..], true)]), said);
    }

    #[test]
    fn what_only_speaks_of_a_fault_is_none() {
        for line in [
            "",
            "it said: Kernel panic - not syncing: x",
            "[x]: Kernel panic - not syncing: x",
            "Kernel panic - not syncing: ",
            "[ 0.9] ---[ end Kernel panic - not syncing: x ]---",
            "[2026-11-28T14:20:18Z WARN vmm::linux::vstate] x",
            "[2026-11-28T14:20:18Z ERROR vmm::linux::vstate] ",
            "it said: [2026-11-28T14:20:18Z ERROR vmm::linux::vstate] x",
        ] {
            assert_eq!(found(&[(line, false)]), None, "{line}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_room() {
        let mut watch = FaultWatch::default();
        for _ in 0..100 {
            watch.take(&[b'x'; 4096], true);
        }
        assert_eq!((watch.line.len(), watch.finish()), (MAX_LINE_BYTES, None));
    }
}
