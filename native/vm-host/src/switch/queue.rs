use crate::frame::LENGTH;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};

/// Bytes that wait for one port: what a gigabit carries in 2 ms. A port that is slower loses frames, as with any switch.
pub const CAPACITY: usize = 256 * 1024;

/// Frames on their way to a port, whole ones only.
pub struct Queue {
    bytes: VecDeque<u8>,
}

impl Queue {
    /// Memory is taken as it is first used.
    pub fn new() -> Self {
        Self {
            bytes: VecDeque::with_capacity(CAPACITY),
        }
    }

    /// Whether the frame found room. What goes to all may fill half of it, so that it cannot keep out what is for this port.
    pub fn push(&mut self, frame: &[u8], to_all: bool) -> bool {
        let room = if to_all { CAPACITY / 2 } else { CAPACITY };
        if self.bytes.len() + LENGTH + frame.len() > room {
            return false;
        }
        self.bytes.extend((frame.len() as u32).to_be_bytes());
        self.bytes.extend(frame);
        true
    }

    /// Writes as much as the port takes.
    pub fn flush(&mut self, port: &mut impl Write) -> io::Result<()> {
        while !self.bytes.is_empty() {
            let (first, second) = self.bytes.as_slices();
            match port.write_vectored(&[IoSlice::new(first), IoSlice::new(second)]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                // Also back to the beginning of its memory, so that little of it is ever touched.
                Ok(written) if written == self.bytes.len() => self.bytes.clear(),
                Ok(written) => drop(self.bytes.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::switch::framing::{Deframer, MAX_FRAME};
    use proptest::prelude::*;

    /// Takes so many bytes at a time, then is full.
    struct Slow {
        taken: Vec<u8>,
        most: usize,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(std::mem::take(&mut self.most));
            self.taken.extend(&bytes[..count]);
            if count == 0 {
                Err(ErrorKind::WouldBlock.into())
            } else {
                Ok(count)
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_goes_to_all_leaves_room_for_what_is_for_one() {
        let mut queue = Queue::new();
        let frame = [0; 1000];
        while queue.push(&frame, true) {}
        assert!(queue.bytes.len() <= CAPACITY / 2);
        while queue.push(&frame, false) {}
        assert!(queue.bytes.len() > CAPACITY - 2000 && queue.bytes.len() <= CAPACITY);
    }

    proptest! {
        #[test]
        fn a_slow_port_gets_whole_frames_in_order_and_no_more_is_ever_kept(
            steps in prop::collection::vec((0usize..MAX_FRAME, 0usize..3000), 0..400),
        ) {
            let (mut queue, mut port, mut accepted) = (Queue::new(), Slow { taken: Vec::new(), most: 0 }, Vec::new());
            for (index, (length, most)) in steps.into_iter().enumerate() {
                let frame = vec![index as u8; length];
                if queue.push(&frame, index % 3 == 0) {
                    accepted.push(frame);
                }
                port.most = most;
                queue.flush(&mut port).unwrap();
                prop_assert!(queue.bytes.len() <= CAPACITY && queue.bytes.capacity() < 2 * CAPACITY);
            }
            port.most = usize::MAX;
            while !queue.is_empty() {
                port.most = usize::MAX;
                queue.flush(&mut port).unwrap();
            }
            let (mut deframer, mut input, mut got) = (Deframer::new(), &port.taken[..], Vec::new());
            while let Some(frame) = deframer.next(&mut input).unwrap() {
                got.push(frame.to_vec());
            }
            prop_assert_eq!(got, accepted);
        }
    }
}
