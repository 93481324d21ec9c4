//! Frames of any length in a buffer, where those that pass are moved together: they go on in one write, and nothing is allocated. (A switch
//! has many members and short frames, so it keeps one frame of each, and passes over what is longer: `switch/framing.rs`.)

use crate::frame::{HEADER, LENGTH, LONGEST, length as length_at};

/// No frame begins so.
#[derive(Debug, PartialEq, Eq)]
pub struct NoFrame;

/// Length of the first frame, without its header, when that is there whole.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, NoFrame> {
    match length_at(bytes) {
        Some(length) if !(HEADER..=LONGEST).contains(&length) => Err(NoFrame),
        length => Ok(length),
    }
}

/// Leaves out the frames that are not to pass. Answers how many bytes of those that are lie at the beginning of the buffer now, and
/// where the frame begins that is not whole yet.
pub fn keep(buffer: &mut [u8], passes: impl Fn(&[u8]) -> bool) -> Result<(usize, usize), NoFrame> {
    let (mut kept, mut at) = (0, 0);
    while let Some(length) = length(&buffer[at..])? {
        let end = at + LENGTH + length;
        if end > buffer.len() {
            break;
        }
        if passes(&buffer[at + LENGTH..end]) {
            if kept != at {
                buffer.copy_within(at..end, kept);
            }
            kept += end - at;
        }
        at = end;
    }
    Ok((kept, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(fill: u8, length: usize) -> Vec<u8> {
        [&(length as u32).to_be_bytes()[..], &vec![fill; length]].concat()
    }

    #[test]
    fn whole_frames_are_kept_or_left_out_and_a_part_waits() {
        let all = [frame(1, 20), frame(2, 30), frame(1, 14), frame(1, 100)].concat();
        let mut buffer = all[..all.len() - 1].to_vec();
        let (kept, part) = keep(&mut buffer, |frame| frame[0] == 1).unwrap();
        assert_eq!(buffer[..kept], [frame(1, 20), frame(1, 14)].concat());
        assert_eq!(buffer[part..], frame(1, 100)[..103]);
        assert_eq!(keep(&mut [0, 0], |_| true), Ok((0, 0)));
        assert_eq!(keep(&mut [], |_| true), Ok((0, 0)));
    }

    #[test]
    fn a_length_that_no_frame_has_ends_it() {
        for length in [0, 13, 65_550, u32::MAX] {
            assert_eq!(keep(&mut length.to_be_bytes(), |_| true), Err(NoFrame));
        }
        assert_eq!(
            keep(&mut frame(1, LONGEST), |_| true),
            Ok((LENGTH + LONGEST, LENGTH + LONGEST))
        );
    }
}
