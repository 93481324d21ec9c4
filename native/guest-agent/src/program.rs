//! This program in memory.

use std::ops::Range;

/// The smallest of the architectures' pages.
const PAGE_BYTES: usize = 4096;

/// Reads and maps what may run of this program and what that reads, 2.3 MiB, in one go: page by page, as it is needed, each costs a fault and
/// many a request to the host, in the way of the boot and of the first commands. Linux 5.14; without it, it goes page by page.
pub fn load() {
    let header = unsafe { libc::getauxval(libc::AT_PHDR) } as *const libc::Elf64_Phdr;
    let count = unsafe { libc::getauxval(libc::AT_PHNUM) } as usize;
    if header.is_null() {
        return;
    }
    // Safety: getauxval(3): the kernel has mapped this many of them there for good.
    let segments = unsafe { std::slice::from_raw_parts(header, count) };
    for range in segments.iter().filter_map(|segment| needed(segment, segments)) {
        // The program is linked at a fixed address, so that these are addresses.
        unsafe { libc::madvise(range.start as *mut libc::c_void, range.len(), libc::MADV_POPULATE_READ) };
    }
}

/// What of a segment is worth reading, in whole pages. At its end may stand how to unwind the stack, which a program that aborts when it panics
/// does not do.
fn needed(segment: &libc::Elf64_Phdr, all: &[libc::Elf64_Phdr]) -> Option<Range<usize>> {
    if segment.p_type != libc::PT_LOAD || segment.p_flags & libc::PF_W != 0 {
        return None;
    }
    let start = segment.p_vaddr as usize;
    let end = start + segment.p_memsz as usize;
    let unwinding = all.iter().find(|other| other.p_type == libc::PT_GNU_EH_FRAME);
    let unwinding = unwinding.map(|other| other.p_vaddr as usize);
    let end = unwinding.filter(|at| (start..end).contains(at)).unwrap_or(end);
    Some(start & !(PAGE_BYTES - 1)..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(kind: u32, flags: u32, start: u64, bytes: u64) -> libc::Elf64_Phdr {
        libc::Elf64_Phdr {
            p_type: kind,
            p_flags: flags,
            p_offset: 0,
            p_vaddr: start,
            p_paddr: start,
            p_filesz: bytes,
            p_memsz: bytes,
            p_align: 4096,
        }
    }

    #[test]
    fn what_is_constant_is_needed_up_to_how_to_unwind() {
        let constants = segment(libc::PT_LOAD, libc::PF_R, 0x20_0000, 0x9000);
        let code = segment(libc::PT_LOAD, libc::PF_R | libc::PF_X, 0x20_9300, 0x5000);
        let variables = segment(libc::PT_LOAD, libc::PF_R | libc::PF_W, 0x21_0000, 0x1000);
        let unwinding = segment(libc::PT_GNU_EH_FRAME, libc::PF_R, 0x20_5db0, 0x800);
        let all = [constants, code, variables, unwinding];
        let ranges: Vec<_> = all.iter().filter_map(|segment| needed(segment, &all)).collect();
        assert_eq!(ranges, [0x20_0000..0x20_5db0, 0x20_9000..0x20_e300]);
        assert_eq!(needed(&constants, &[constants]), Some(0x20_0000..0x20_9000));
    }
}
