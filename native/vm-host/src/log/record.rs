use super::Dropped;
use super::base64::base64;
use crate::timestamp::iso;
use serde::Serialize;
use std::time::SystemTime;

/// Where output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// The guest's kernel, its PID 1, and libkrun's own log.
    Console,
    /// Of the guest's main process.
    Stdout,
    Stderr,
}

impl Stream {
    pub const ALL: [Self; 3] = [Self::Console, Self::Stdout, Self::Stderr];
}

#[derive(Serialize)]
struct Output<'a> {
    time: String,
    stream: Stream,
    #[serde(flatten)]
    content: Content<'a>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Content<'a> {
    Text(&'a str),
    Bytes(String),
}

#[derive(Serialize)]
struct Notice {
    time: String,
    stream: &'static str,
    dropped: Dropped,
}

/// One line of JSON with its newline. `part` is a line without its newline or, when `partial`, a piece of one.
pub fn output_record(time: SystemTime, stream: Stream, part: &[u8], partial: bool) -> Vec<u8> {
    let content = match std::str::from_utf8(part) {
        Ok(text) => Content::Text(text),
        Err(_) => Content::Bytes(base64(part)),
    };
    line(&Output {
        time: iso(time),
        stream,
        content,
        partial,
    })
}

/// Says what is missing before the next record.
pub fn dropped_record(time: SystemTime, dropped: Dropped) -> Vec<u8> {
    line(&Notice {
        time: iso(time),
        stream: "log",
        dropped,
    })
}

fn line(record: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(record).expect("these have no maps with other keys than strings");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::lines::MAX_PART_BYTES;
    use crate::log::segments::MAX_RECORD_BYTES;
    use serde_json::{Value, json};
    use std::time::UNIX_EPOCH;

    fn written(part: &[u8], partial: bool) -> Value {
        let record = output_record(UNIX_EPOCH, Stream::Stderr, part, partial);
        assert_eq!(record.iter().filter(|byte| **byte == b'\n').count(), 1);
        serde_json::from_slice(&record).unwrap()
    }

    #[test]
    fn text_stays_text_and_anything_else_is_base64() {
        let head = |more: Value| {
            let mut record = json!({ "time": "1970-01-01T00:00:00.000Z", "stream": "stderr" });
            record
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            record
        };
        assert_eq!(
            written("grün\t\"x\"\r".as_bytes(), false),
            head(json!({ "text": "grün\t\"x\"\r" }))
        );
        assert_eq!(written(b"", false), head(json!({ "text": "" })));
        assert_eq!(
            written(b"a\xff", true),
            head(json!({ "bytes": "Yf8=", "partial": true }))
        );
    }

    #[test]
    fn the_longest_record_is_within_its_limit() {
        for byte in [b'\0', b'"', b'x', 0xff] {
            let record = output_record(UNIX_EPOCH, Stream::Console, &vec![byte; MAX_PART_BYTES], true);
            assert!(record.len() <= MAX_RECORD_BYTES, "{byte}: {}", record.len());
        }
    }
}
