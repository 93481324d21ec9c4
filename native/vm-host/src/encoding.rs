use crate::argument::{Arg, FdName};
use crate::jail::Places;
use std::collections::HashMap;
use std::ffi::{CString, c_char};
use std::os::fd::RawFd;

/// Descriptors that a call may name.
#[derive(Clone, Debug)]
pub struct NamedFds {
    pub console_in: RawFd,
    pub console_out: RawFd,
    pub stdout: RawFd,
    pub stderr: RawFd,
    /// Of the network cards that lead to programs.
    pub peers: Vec<RawFd>,
}

/// Turns arguments into the 64-bit slots of a C call. Every string, array and byte block lives as long as the
/// encoder: libkrun keeps pointers to some of them until the VM ends.
pub struct Encoder<'a> {
    fds: NamedFds,
    places: Places<'a>,
    saved: HashMap<String, u64>,
    strings: Vec<CString>,
    arrays: Vec<Vec<*const c_char>>,
    blocks: Vec<Vec<u8>>,
}

impl<'a> Encoder<'a> {
    pub fn new(fds: NamedFds, places: Places<'a>) -> Self {
        Self {
            fds,
            places,
            saved: HashMap::new(),
            strings: Vec::new(),
            arrays: Vec::new(),
            blocks: Vec::new(),
        }
    }

    pub fn save(&mut self, name: &str, value: i32) {
        self.saved.insert(name.to_owned(), value as u64);
    }

    pub fn encode(&mut self, args: &[Arg]) -> Result<Vec<u64>, String> {
        args.iter().map(|arg| self.slot(arg)).collect()
    }

    fn slot(&mut self, arg: &Arg) -> Result<u64, String> {
        Ok(match arg {
            Arg::Ref(name) => *self
                .saved
                .get(name)
                .ok_or_else(|| format!("no earlier call saved {name:?}"))?,
            Arg::U8(n) => u64::from(*n),
            Arg::U32(n) => u64::from(*n),
            Arg::U64(n) => *n,
            Arg::I32(n) => *n as u64,
            Arg::Bool(b) => u64::from(*b),
            Arg::Str(None) | Arg::Strs(None) => 0,
            Arg::Str(Some(text)) => self.string(text)? as u64,
            Arg::Place(at) => {
                let path = self.places.find(at)?;
                self.string(&path)? as u64
            }
            Arg::Strs(Some(texts)) => {
                let mut array = Vec::with_capacity(texts.len() + 1);
                for text in texts {
                    array.push(self.string(text)?);
                }
                array.push(std::ptr::null());
                let address = array.as_ptr() as u64;
                self.arrays.push(array);
                address
            }
            Arg::Bytes(bytes) => {
                let block = bytes.clone();
                let address = block.as_ptr() as u64;
                self.blocks.push(block);
                address
            }
            Arg::Fd(FdName::ConsoleIn) => self.fds.console_in as u64,
            Arg::Fd(FdName::ConsoleOut) => self.fds.console_out as u64,
            Arg::Fd(FdName::Stdout) => self.fds.stdout as u64,
            Arg::Fd(FdName::Stderr) => self.fds.stderr as u64,
            Arg::Peer(index) => *self
                .fds
                .peers
                .get(*index)
                .ok_or_else(|| format!("there is no peer {index}"))? as u64,
        })
    }

    fn string(&mut self, text: &str) -> Result<*const c_char, String> {
        let string = CString::new(text).map_err(|_| format!("{text:?} holds a NUL byte"))?;
        let address = string.as_ptr();
        self.strings.push(string);
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    fn encoder() -> Encoder<'static> {
        let fds = NamedFds {
            console_in: 3,
            console_out: 4,
            stdout: 5,
            stderr: 6,
            peers: vec![9],
        };
        Encoder::new(fds, Places::Tree)
    }

    #[test]
    fn integers_fill_their_slot() {
        let slots = encoder()
            .encode(&[
                Arg::U8(255),
                Arg::U32(u32::MAX),
                Arg::U64(u64::MAX),
                Arg::I32(-1),
                Arg::Bool(true),
                Arg::Fd(FdName::ConsoleIn),
                Arg::Fd(FdName::ConsoleOut),
                Arg::Fd(FdName::Stdout),
                Arg::Fd(FdName::Stderr),
                Arg::Peer(0),
            ])
            .unwrap();
        assert_eq!(slots, [255, u64::from(u32::MAX), u64::MAX, u64::MAX, 1, 3, 4, 5, 6, 9]);
    }

    #[test]
    fn strings_and_arrays_are_terminated_and_stay_in_place() {
        let mut encoder = encoder();
        let slots = encoder
            .encode(&[
                Arg::Str(Some("one".into())),
                Arg::Strs(Some(vec!["a".into(), "b".into()])),
                Arg::Bytes(vec![7, 8]),
                Arg::Str(None),
                Arg::Place("/root".into()),
            ])
            .unwrap();
        for _ in 0..100 {
            encoder.encode(&[Arg::Str(Some("filler".into()))]).unwrap();
        }
        unsafe {
            assert_eq!(CStr::from_ptr(slots[0] as *const c_char), c"one");
            let array = slots[1] as *const *const c_char;
            assert_eq!(CStr::from_ptr(*array.add(1)), c"b");
            assert!((*array.add(2)).is_null());
            assert_eq!(std::slice::from_raw_parts(slots[2] as *const u8, 2), [7, 8]);
        }
        assert_eq!(slots[3], 0);
        assert_eq!(unsafe { CStr::from_ptr(slots[4] as *const c_char) }, c"/root");
    }

    #[test]
    fn a_reference_needs_a_saved_value() {
        let mut encoder = encoder();
        assert!(encoder.encode(&[Arg::Ref("ctx".into())]).is_err());
        encoder.save("ctx", 5);
        assert_eq!(encoder.encode(&[Arg::Ref("ctx".into())]).unwrap(), [5]);
        assert!(encoder.encode(&[Arg::Str(Some("a\0b".into()))]).is_err());
        assert!(encoder.encode(&[Arg::Peer(1)]).is_err());
    }
}
