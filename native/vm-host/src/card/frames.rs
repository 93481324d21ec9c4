//! Ethernet frames on a stream: each with its length before it, in four bytes, highest first.

/// Of the length before a frame.
pub const HEADER: usize = 4;
/// The addresses and the type.
const LEAST: usize = 14;
/// With the longest packet that IPv4 has.
pub const LONGEST: usize = LEAST + 65_535;

/// No frame begins so.
#[derive(Debug, PartialEq, Eq)]
pub struct NoFrame;

/// Length of the first frame, without its header, when that is there whole.
pub fn length(bytes: &[u8]) -> Result<Option<usize>, NoFrame> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*header) as usize;
    match (LEAST..=LONGEST).contains(&length) {
        true => Ok(Some(length)),
        false => Err(NoFrame),
    }
}

/// Leaves out the frames that are not to pass. Answers how many bytes of those that are lie at the beginning of the buffer now, and
/// where the frame begins that is not whole yet.
pub fn keep(buffer: &mut [u8], passes: impl Fn(&[u8]) -> bool) -> Result<(usize, usize), NoFrame> {
    let (mut kept, mut at) = (0, 0);
    while let Some(length) = length(&buffer[at..])? {
        let end = at + HEADER + length;
        if end > buffer.len() {
            break;
        }
        if passes(&buffer[at + HEADER..end]) {
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
            Ok((HEADER + LONGEST, HEADER + LONGEST))
        );
    }
}
