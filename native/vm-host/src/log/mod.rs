//! The log of a VM: what its console and its main process say, as JSON lines in files of limited size and number.

mod base64;
mod fault;
mod lines;
mod record;
mod segments;

pub use fault::Fault;
pub use record::Stream;
pub use segments::{Limits, MAX_RECORD_BYTES};

use fault::FaultWatch;
use lines::Lines;
use record::{dropped_record, output_record};
use segments::Segments;
use serde::Serialize;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// How long the beginning of a line waits for its end before it is written as a part: a prompt shall be seen.
const PATIENCE: Duration = Duration::from_millis(250);

/// What could not be written, for want of space or of the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    pub records: u64,
    /// Of the guest's output, not of its record.
    pub bytes: u64,
}

pub struct Log {
    segments: Segments,
    streams: [Lines; Stream::ALL.len()],
    faults: FaultWatch,
    /// Since the last record that was written.
    unsaid: Dropped,
    dropped: Dropped,
}

impl Log {
    /// Goes on behind what an earlier VM left at the same path.
    pub fn open(path: &Path, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            segments: Segments::open(path, limits)?,
            streams: Default::default(),
            faults: FaultWatch::default(),
            unsaid: Dropped::default(),
            dropped: Dropped::default(),
        })
    }

    pub fn take(&mut self, stream: Stream, bytes: &[u8]) {
        let mut ready = Vec::new();
        self.streams[stream as usize].push(bytes, Instant::now(), |part, partial| {
            ready.push((part.to_vec(), partial))
        });
        self.write(stream, &ready);
    }

    /// Milliseconds until [`Self::write_waiting`] has something to do, or -1.
    pub fn timeout(&self) -> i32 {
        let oldest = self.streams.iter().filter_map(Lines::waiting_since).min();
        oldest.map_or(-1, |since| {
            let left = PATIENCE.saturating_sub(since.elapsed());
            // Rounded up: it must not come round early and find nothing.
            i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        })
    }

    /// Writes the beginnings of lines that have waited long enough.
    pub fn write_waiting(&mut self) {
        self.flush(|lines| lines.waiting_since().is_some_and(|since| since.elapsed() >= PATIENCE));
    }

    /// What was said on the console of a fault, when [`Self::finish`] has written all of that.
    pub fn fault(&mut self) -> Option<Fault> {
        self.faults.finish()
    }

    /// Writes what is left and tells what was lost in all.
    pub fn finish(&mut self) -> Dropped {
        self.flush(|_| true);
        if self.unsaid.records > 0 {
            self.append(None, 0);
        }
        self.dropped
    }

    fn flush(&mut self, is_due: impl Fn(&Lines) -> bool) {
        for stream in Stream::ALL {
            let lines = &mut self.streams[stream as usize];
            if is_due(lines) {
                let rest: Vec<_> = lines.flush().map(|part| (part, true)).into_iter().collect();
                self.write(stream, &rest);
            }
        }
    }

    fn write(&mut self, stream: Stream, parts: &[(Vec<u8>, bool)]) {
        let now = SystemTime::now();
        for (part, partial) in parts {
            if matches!(stream, Stream::Console) {
                self.faults.take(part, *partial);
            }
            self.append(Some(output_record(now, stream, part, *partial)), part.len() as u64);
        }
    }

    /// A full disk must not stop the guest: what cannot be written is counted, and said as soon as there is room.
    fn append(&mut self, record: Option<Vec<u8>>, output: u64) {
        let lost = u64::from(record.is_some());
        let mut bytes = Vec::new();
        if self.unsaid.records > 0 {
            bytes = dropped_record(SystemTime::now(), self.unsaid);
        }
        bytes.extend(record.unwrap_or_default());
        if self.segments.append(&bytes).is_ok() {
            self.unsaid = Dropped::default();
            return;
        }
        for count in [&mut self.unsaid, &mut self.dropped] {
            count.records += lost;
            count.bytes += output;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::fs;

    fn records(path: &Path) -> Vec<Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn what_was_dropped_is_counted_and_said_when_there_is_room_again() {
        let directory = std::env::temp_dir().join(format!("a3s-log-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let limits = Limits {
            max_bytes: 256,
            files: 2,
        };
        let mut log = Log::open(&directory.join("log"), limits).unwrap();
        let line = "x".repeat(200);
        log.take(Stream::Console, format!("{line}\n").as_bytes());
        fs::rename(&directory, directory.with_extension("away")).unwrap();
        // The next file cannot be made.
        log.take(Stream::Stdout, format!("{line}\n{line}\n").as_bytes());
        fs::rename(directory.with_extension("away"), &directory).unwrap();
        log.take(Stream::Stderr, b"back");
        assert_eq!(log.finish(), Dropped { records: 2, bytes: 400 });
        let found = records(&directory.join("log.000002"));
        assert_eq!(
            (&found[0]["stream"], &found[0]["dropped"]),
            (&json!("log"), &json!({ "records": 2, "bytes": 400 }))
        );
        assert_eq!(
            (&found[1]["text"], &found[1]["partial"], &found[1]["stream"]),
            (&json!("back"), &json!(true), &json!("stderr"))
        );
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_line_without_end_is_written_when_it_has_waited() {
        let directory = std::env::temp_dir().join(format!("a3s-log-wait-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let mut log = Log::open(
            &directory.join("log"),
            Limits {
                max_bytes: 256,
                files: 2,
            },
        )
        .unwrap();
        assert_eq!(log.timeout(), -1);
        log.take(Stream::Stdout, b"login: ");
        log.write_waiting();
        assert!(records(&directory.join("log.000001")).is_empty());
        while log.timeout() > 0 {
            std::thread::park_timeout(Duration::from_millis(log.timeout() as u64));
        }
        log.write_waiting();
        assert_eq!(log.timeout(), -1);
        assert_eq!(records(&directory.join("log.000001"))[0]["text"], "login: ");
        fs::remove_dir_all(directory).unwrap();
    }
}
