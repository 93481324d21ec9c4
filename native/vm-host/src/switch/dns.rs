//! The names of members, by RFC 1035 over UDP: one question of class IN, answered with authority. There is nobody else to ask:
//! what is no member does not exist.

use std::net::Ipv4Addr;

/// RFC 1035, 3.1, as text: 255 bytes with the lengths of the labels, of which the first and the last say nothing.
pub const MAX_NAME: usize = 253;

const HEADER: usize = 12;
const MAX_LABEL: usize = 63;
const A: u16 = 1;
const ANY: u16 = 255;
const IN: u16 = 1;

const RESPONSE: u8 = 0x80;
const OPCODE: u8 = 0x78;
const AUTHORITATIVE: u8 = 0x04;
const RECURSION_DESIRED: u8 = 0x01;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;

/// Members come and go, so nothing is to be remembered.
const LIFE_S: u32 = 0;

struct Question<'a> {
    /// In small letters, labels with dots between them.
    name: String,
    kind: u16,
    class: u16,
    bytes: &'a [u8],
}

/// The answer to a query; none to what is none.
pub fn answer(query: &[u8], find: impl Fn(&str) -> Option<Ipv4Addr>) -> Option<Vec<u8>> {
    if query.len() < HEADER || query[2] & RESPONSE != 0 {
        return None;
    }
    let questions = u16::from_be_bytes([query[4], query[5]]);
    let Some(question) = (questions == 1).then(|| read_question(query)).flatten() else {
        return Some(message(query, NOT_IMPLEMENTED, &[], None));
    };
    if query[2] & OPCODE != 0 || question.class != IN {
        return Some(message(query, NOT_IMPLEMENTED, question.bytes, None));
    }
    Some(match find(&question.name) {
        None => message(query, NO_SUCH_NAME, question.bytes, None),
        // The name exists, and has no record of another kind: RFC 2308, 2.2.
        Some(address) => {
            let asked = question.kind == A || question.kind == ANY;
            message(query, 0, question.bytes, asked.then_some(address))
        }
    })
}

/// None when it is cut, or has a name that is compressed, longer than names are, or no text.
fn read_question(query: &[u8]) -> Option<Question<'_>> {
    let mut name = String::new();
    let mut at = HEADER;
    loop {
        let length = usize::from(*query.get(at)?);
        let label = query.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if length == 0 {
            break;
        }
        if length > MAX_LABEL || label.contains(&b'.') {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&std::str::from_utf8(label).ok()?.to_ascii_lowercase());
        if name.len() > MAX_NAME {
            return None;
        }
    }
    let &[k0, k1, c0, c1] = query.get(at..at + 4)? else {
        return None;
    };
    Some(Question {
        name,
        kind: u16::from_be_bytes([k0, k1]),
        class: u16::from_be_bytes([c0, c1]),
        bytes: &query[HEADER..at + 4],
    })
}

fn message(query: &[u8], code: u8, question: &[u8], address: Option<Ipv4Addr>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + question.len() + 16);
    bytes.extend(&query[..2]);
    bytes.push(RESPONSE | (query[2] & (OPCODE | RECURSION_DESIRED)) | AUTHORITATIVE);
    bytes.push(code);
    let count = |there: bool| u16::from(there).to_be_bytes();
    bytes.extend(count(!question.is_empty()));
    bytes.extend(count(address.is_some()));
    bytes.extend([0; 4]);
    bytes.extend(question);
    if let Some(address) = address {
        // Its name is that of the question: RFC 1035, 4.1.4.
        bytes.extend([0xc0, HEADER as u8]);
        bytes.extend(A.to_be_bytes());
        bytes.extend(IN.to_be_bytes());
        bytes.extend(LIFE_S.to_be_bytes());
        bytes.extend([0, 4]);
        bytes.extend(address.octets());
    }
    bytes
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    const WEB: Ipv4Addr = Ipv4Addr::new(10, 163, 0, 7);
    const AAAA: u16 = 28;
    /// RFC 1035, 4.2.1: what fits into one datagram everywhere.
    const MAX_MESSAGE: usize = 512;

    pub fn query(name: &str, kind: u16) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd, RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            bytes.push(label.len() as u8);
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend(kind.to_be_bytes());
        bytes.extend(IN.to_be_bytes());
        bytes
    }

    fn find(name: &str) -> Option<Ipv4Addr> {
        ["web", "web.one"].contains(&name).then_some(WEB)
    }

    fn asked(name: &str, kind: u16) -> Vec<u8> {
        answer(&query(name, kind), find).unwrap()
    }

    #[test]
    fn a_member_is_found_by_its_name_in_any_letters() {
        for name in ["web", "WEB", "web.one"] {
            let found = asked(name, A);
            assert_eq!(found[..8], [0xab, 0xcd, 0x85, 0, 0, 1, 0, 1], "{name}");
            assert_eq!(found[found.len() - 4..], WEB.octets());
            assert_eq!(found[HEADER..found.len() - 16], query(name, A)[HEADER..]);
        }
    }

    #[test]
    fn it_has_no_other_addresses_and_nobody_else_exists() {
        assert_eq!(asked("web", AAAA)[2..8], [0x85, 0, 0, 1, 0, 0]);
        assert_eq!(asked("example.com", A)[2..8], [0x85, NO_SUCH_NAME, 0, 1, 0, 0]);
    }

    #[test]
    fn what_is_no_query_gets_no_answer_and_what_nobody_asks_gets_none_that_says_much() {
        let mut response = query("web", A);
        response[2] |= RESPONSE;
        assert_eq!(answer(&response, find), None);
        assert_eq!(answer(&response[..11], find), None);
        let mut update = query("web", A);
        update[2] = 5 << 3;
        assert_eq!(answer(&update, find).unwrap()[3], NOT_IMPLEMENTED);
        let mut two = query("web", A);
        two[5] = 2;
        assert_eq!(answer(&two, find).unwrap()[3..8], [NOT_IMPLEMENTED, 0, 0, 0, 0]);
        let mut compressed = query("web", A);
        compressed[HEADER] = 0xc0;
        assert_eq!(answer(&compressed, find).unwrap()[3], NOT_IMPLEMENTED);
    }

    proptest! {
        #[test]
        fn any_bytes_get_a_short_answer_or_none(mut bytes in prop::collection::vec(any::<u8>(), 0..600), one in any::<bool>()) {
            if one && bytes.len() > HEADER {
                bytes[4..6].copy_from_slice(&[0, 1]);
            }
            if let Some(answer) = answer(&bytes, |name| { assert!(name.len() <= MAX_NAME); find(name) }) {
                prop_assert!(answer.len() <= MAX_MESSAGE);
                prop_assert_eq!(&answer[..2], &bytes[..2]);
            }
        }

        #[test]
        fn a_query_that_is_cut_anywhere_gets_no_address(cut in 0usize..21) {
            let whole = query("web", A);
            let found = answer(&whole[..cut.min(whole.len() - 1)], find);
            prop_assert!(found.is_none_or(|answer| answer[7] == 0));
        }
    }
}
