//! PAX records as the bytes that they are: those of extended attributes hold line feeds, at which the tar crate splits.

use super::super::fault::Fault;
use tar::PaxExtensions;

const BLOCK_BYTES: usize = 512;
const TYPE_AT: usize = 156;
const SIZE_AT: std::ops::Range<usize> = 124..135;

pub type Record<'a> = (&'a [u8], &'a [u8]);

/// The records before an entry, in their order. `headers` is all that was read since the content of the entry before.
pub fn records(headers: &[u8]) -> Result<Vec<Record<'_>>, Fault> {
    let broken = || Fault::invalid("a PAX header is broken");
    // What filled up the last block of that content.
    let mut rest = &headers[headers.len() % BLOCK_BYTES..];
    let mut found = Vec::new();
    while rest.len() > BLOCK_BYTES && matches!(rest[TYPE_AT], b'x' | b'L' | b'K') {
        let size = std::str::from_utf8(&rest[SIZE_AT]).map_err(|_| broken())?;
        let size = size.trim_matches(['\0', ' ']);
        let size = usize::from_str_radix(size, 8).map_err(|_| broken())?;
        let content = rest.get(BLOCK_BYTES..BLOCK_BYTES + size).ok_or_else(broken)?;
        if rest[TYPE_AT] == b'x' {
            let is_link =
                headers.len() >= BLOCK_BYTES && matches!(headers[headers.len() - BLOCK_BYTES + TYPE_AT], b'1' | b'2');
            let records = split(content).ok_or_else(broken)?;
            require_agreement(content, &records, is_link)?;
            found.extend(records);
        }
        let next = BLOCK_BYTES + size.next_multiple_of(BLOCK_BYTES);
        rest = rest.get(next..).ok_or_else(broken)?;
    }
    Ok(found)
}

/// The tar crate reads names and sizes by itself: a line in a value that reads as a record of one would lead it to another
/// place, or into the content as if it were headers. Who packs trees of others puts the true records first.
fn require_agreement(content: &[u8], records: &[Record<'_>], is_link: bool) -> Result<(), Fault> {
    let keywords: &[&[u8]] = match is_link {
        true => &[b"path", b"size", b"uid", b"gid", b"linkpath"],
        false => &[b"path", b"size", b"uid", b"gid"],
    };
    for keyword in keywords {
        let true_one = records
            .iter()
            .find(|(each, _)| each == keyword)
            .map(|(_, value)| *value);
        // It takes numbers only from what comes before anything that is broken to it.
        let seen: Vec<_> = match *keyword {
            b"path" | b"linkpath" => PaxExtensions::new(content).filter_map(Result::ok).collect(),
            _ => PaxExtensions::new(content).map_while(Result::ok).collect(),
        };
        let seen = seen.iter().find(|each| each.key_bytes() == *keyword);
        if seen.map(|each| each.value_bytes()) != true_one {
            return Err(Fault::invalid("a PAX header can be read in two ways"));
        }
    }
    Ok(())
}

/// "LENGTH KEYWORD=VALUE\n", where the length counts itself.
fn split(mut content: &[u8]) -> Option<Vec<Record<'_>>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let space = content.iter().take(20).position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&content[..space]).ok()?.parse().ok()?;
        let record = content.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        found.push((&record[..equals], &record[equals + 1..]));
        content = &content[length..];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: u8, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(content.len() as u64);
        header.set_cksum();
        let mut bytes = [header.as_bytes(), content].concat();
        bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
        bytes
    }

    #[test]
    fn values_are_any_bytes_and_what_is_before_and_between_is_passed_over() {
        let pax = header(b'x', b"10 a=\n\n=\0\n5 b=\n");
        let headers = [vec![0; 100], header(b'L', &[b'n'; 600]), pax, header(b'0', b"")].concat();
        let expected: [Record<'_>; 2] = [(b"a", b"\n\n=\0"), (b"b", b"")];
        assert_eq!(records(&headers).unwrap(), expected);
        assert!(records(&header(b'0', b"")).unwrap().is_empty() && records(b"").unwrap().is_empty());
    }

    #[test]
    fn a_value_that_reads_as_a_record_does_not_pass_for_one() {
        let fake = b"00 a=\n9 path=x\n";
        let fake = [format!("{} ", fake.len()).as_bytes(), &fake[3..]].concat();
        let headers = |kind: u8, before: &[u8]| {
            let pax = [before, &fake].concat();
            [header(b'x', &pax), header(kind, b"")].concat()
        };
        assert!(records(&headers(b'0', b"")).is_err());
        assert!(records(&headers(b'0', b"9 size=0\n")).is_err());
        assert!(records(&headers(b'0', b"9 path=y\n9 size=0\n")).is_ok());
    }

    #[test]
    fn what_breaks_off_or_miscounts_is_refused() {
        for content in [
            "9 a=b\n", "5 a=b\n", "6 a=b ", "x a=b\n", "6 ab.\n", "0 a=b\n", "1 a=b\n", "2 a=b\n",
        ] {
            let headers = [header(b'x', content.as_bytes()), header(b'0', b"")].concat();
            assert!(records(&headers).is_err(), "{content:?}");
        }
    }
}
