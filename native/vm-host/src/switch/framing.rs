//! Frames of a network in a stream that comes in parts, one by one: what is held is one unfinished frame, so that a member costs little, and
//! what no network carries is passed over. (`card/frames.rs` takes frames of any length, many at once.)

use crate::frame::{LENGTH, LONGEST, length};

/// IEEE 802.3 without its checksum, and with room for a VLAN tag. Nothing longer comes out of a card whose MTU is 1500.
pub const MAX_FRAME: usize = 1518;

/// The stream means nothing any more.
#[derive(Debug, PartialEq, Eq)]
pub struct OutOfStep;

/// Finds the frames in what comes. It keeps at most one unfinished frame.
pub struct Deframer {
    held: [u8; LENGTH + MAX_FRAME],
    filled: usize,
    /// What was held was handed out.
    taken: bool,
    /// Of a frame that is too long, still to come.
    skip: usize,
    /// Frames that were too long.
    pub giants: u64,
}

impl Deframer {
    pub fn new() -> Self {
        Self {
            held: [0; LENGTH + MAX_FRAME],
            filled: 0,
            taken: false,
            skip: 0,
            giants: 0,
        }
    }

    /// The next frame, taking from the input; none when the input is used up.
    pub fn next<'a, 'b: 'a>(&'a mut self, input: &mut &'b [u8]) -> Result<Option<&'a [u8]>, OutOfStep> {
        if std::mem::take(&mut self.taken) {
            self.filled = 0;
        }
        loop {
            let skipped = self.skip.min(input.len());
            take(input, skipped);
            self.skip -= skipped;
            if input.is_empty() {
                return Ok(None);
            }
            // A whole one needs no copy.
            if self.filled == 0 && input.len() >= LENGTH {
                let length = length_of(input)?;
                if length > MAX_FRAME {
                    take(input, LENGTH);
                    self.pass_over(length);
                    continue;
                }
                if input.len() >= LENGTH + length {
                    return Ok(Some(&take(input, LENGTH + length)[LENGTH..]));
                }
            }
            if self.filled < LENGTH {
                self.fill_up_to(LENGTH, input);
                if self.filled < LENGTH {
                    return Ok(None);
                }
                let length = length_of(&self.held)?;
                if length > MAX_FRAME {
                    self.filled = 0;
                    self.pass_over(length);
                    continue;
                }
            }
            let whole = LENGTH + length_of(&self.held)?;
            self.fill_up_to(whole, input);
            if self.filled == whole {
                self.taken = true;
                return Ok(Some(&self.held[LENGTH..whole]));
            }
        }
    }

    fn pass_over(&mut self, length: usize) {
        self.skip = length;
        self.giants += 1;
    }

    fn fill_up_to(&mut self, end: usize, input: &mut &[u8]) {
        let part = take(input, (end - self.filled).min(input.len()));
        self.held[self.filled..self.filled + part.len()].copy_from_slice(part);
        self.filled += part.len();
    }
}

fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (part, rest) = input.split_at(count);
    *input = rest;
    part
}

/// Of at least so many bytes as say it.
fn length_of(stream: &[u8]) -> Result<usize, OutOfStep> {
    length(stream).filter(|length| *length <= LONGEST).ok_or(OutOfStep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(frames: &[Vec<u8>]) -> Vec<u8> {
        frames
            .iter()
            .flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], frame].concat())
            .collect()
    }

    /// Fed in parts of these lengths, the last of which goes on.
    fn found(stream: &[u8], parts: &[usize]) -> Result<(Vec<Vec<u8>>, u64), OutOfStep> {
        let (mut deframer, mut frames, mut rest) = (Deframer::new(), Vec::new(), stream);
        for part in parts.iter().chain(std::iter::repeat(&stream.len())) {
            let (mut input, after) = rest.split_at((*part).clamp(1, rest.len().max(1)).min(rest.len()));
            while let Some(frame) = deframer.next(&mut input)? {
                frames.push(frame.to_vec());
            }
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        Ok((frames, deframer.giants))
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_the_next_frame_found() {
        let stream = framed(&[vec![1; 60], vec![2; MAX_FRAME + 1], vec![3; 60]]);
        for parts in [vec![], vec![1; 2000], vec![3, 61, 5, 700]] {
            assert_eq!(found(&stream, &parts), Ok((vec![vec![1; 60], vec![3; 60]], 1)));
        }
    }

    #[test]
    fn a_length_that_nobody_can_send_is_the_end() {
        assert_eq!(found(&[0xff; 8], &[]), Err(OutOfStep));
        assert_eq!(found(&[0xff; 8], &[1, 1, 1, 1]), Err(OutOfStep));
        let longest = framed(&[vec![0; LONGEST], vec![3; 60]]);
        assert_eq!(found(&longest, &[]), Ok((vec![vec![3; 60]], 1)));
        assert_eq!(found(&framed(&[vec![0; LONGEST + 1]]), &[]), Err(OutOfStep));
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_the_stream_is_cut(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2000), 0..8),
            parts in prop::collection::vec(1usize..900, 0..40),
        ) {
            let kept: Vec<_> = frames.iter().filter(|frame| frame.len() <= MAX_FRAME).cloned().collect();
            let giants = (frames.len() - kept.len()) as u64;
            prop_assert_eq!(found(&framed(&frames), &parts), Ok((kept, giants)));
        }

        #[test]
        fn any_bytes_are_frames_of_a_bounded_length_or_the_end(
            stream in prop::collection::vec(any::<u8>(), 0..4000),
            parts in prop::collection::vec(1usize..900, 0..40),
        ) {
            if let Ok((frames, _)) = found(&stream, &parts) {
                prop_assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME));
            }
        }
    }
}
