//! Puts the guest's memory where the processor can map it in huge pages.
//!
//! KVM maps a huge page of the guest only where its address here and its physical address there have the same offset in it. libkrun
//! takes the memory from mmap(2) wherever it comes, and on x86_64 begins most of it right after the kernel that libkrunfw brings, at a
//! physical address that is no multiple of a huge page: then each page of 4 KiB that the guest touches for the first time leaves the
//! guest, some 15 000 times in a boot, and each miss of the TLB afterwards walks further. So this program's `mmap` is found before the C
//! library's, and chooses such an address for what looks like the guest's memory. A library that maps its memory otherwise gets what it asks for.

use crate::library::Library;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const HUGE_PAGE: usize = 2 << 20;
/// What is smaller is not the guest's.
const SMALLEST: usize = 16 << 20;

/// Where the guest's kernel ends in its physical memory; 0: nothing is chosen.
static KERNEL_END: AtomicUsize = AtomicUsize::new(0);
/// Size of the guest's memory in bytes.
static SIZE: AtomicUsize = AtomicUsize::new(0);

type GetKernel = unsafe extern "C" fn(load: *mut u64, entry: *mut u64, size: *mut usize) -> *const c_void;

/// From now on the guest's memory is mapped for this kernel.
pub fn arrange(firmware: &Library, memory_mib: usize) {
    let Ok(function) = firmware.symbol("krunfw_get_kernel") else {
        return;
    };
    let (mut load, mut entry, mut size) = (0, 0, 0);
    // Safety: libkrunfw's only function for this, as its readme gives it.
    let get_kernel: GetKernel = unsafe { std::mem::transmute(function) };
    unsafe { get_kernel(&mut load, &mut entry, &mut size) };
    SIZE.store(memory_mib << 20, Relaxed);
    KERNEL_END.store(load as usize + size, Relaxed);
}

/// The offset in a huge page at which a mapping of this length is to begin. Memory follows the kernel, up to its size or to the
/// next hole of the physical addresses, which is at a multiple; all else begins at one.
fn offset(length: usize, memory: usize, kernel_end: usize) -> usize {
    let follows = length == memory || (kernel_end + length).is_multiple_of(HUGE_PAGE);
    if follows { kernel_end % HUGE_PAGE } else { 0 }
}

/// How many bytes after `start` the first address with this offset is.
fn distance(start: usize, offset: usize) -> usize {
    offset.wrapping_sub(start) % HUGE_PAGE
}

unsafe extern "C" fn map(
    address: *mut c_void,
    length: usize,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    file_offset: i64,
) -> *mut c_void {
    let system = |length: usize| unsafe {
        libc::syscall(libc::SYS_mmap, address, length, protection, flags, fd, file_offset) as *mut c_void
    };
    let kernel_end = KERNEL_END.load(Relaxed);
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let ours = address.is_null() && flags == private && protection != libc::PROT_NONE && length >= SMALLEST;
    if kernel_end == 0 || !ours {
        return system(length);
    }
    let start = system(length + HUGE_PAGE);
    if start == libc::MAP_FAILED {
        return system(length);
    }
    let before = distance(start as usize, offset(length, SIZE.load(Relaxed), kernel_end));
    let chosen = start.wrapping_byte_add(before);
    unsafe {
        if before > 0 {
            libc::munmap(start, before);
        }
        libc::munmap(chosen.wrapping_byte_add(length), HUGE_PAGE - before);
        // Where the system gives huge pages to those who ask.
        libc::madvise(chosen, length, libc::MADV_HUGEPAGE);
    }
    chosen
}

// Under both names that the C library has for it. In assembly, because the compiler keeps no name of a program for others to find.
std::arch::global_asm!(
    ".globl mmap, mmap64",
    ".type mmap, @function",
    ".type mmap64, @function",
    "mmap:",
    "mmap64:",
    "jmp {map}",
    map = sym map,
);

#[cfg(test)]
mod tests {
    use super::*;

    const KERNEL_END: usize = 0x245_0000;

    #[test]
    fn memory_that_follows_the_kernel_has_its_offset() {
        for mib in [128, 1024, 3072] {
            assert_eq!(offset(mib << 20, mib << 20, KERNEL_END), 0x5_0000);
        }
        // With 8 GiB it reaches to the hole below 4 GiB, and goes on above.
        assert_eq!(offset(3_451_584_512, 8 << 30, KERNEL_END), 0x5_0000);
        assert_eq!(offset(5_100_273_664, 8 << 30, KERNEL_END), 0);
        // What lies below the kernel.
        assert_eq!(offset(16 << 20, 1 << 30, KERNEL_END), 0);
    }

    #[test]
    fn the_distance_leads_to_the_offset_and_is_less_than_a_page() {
        for start in [0, 0x1000, 0x5_0000, 0x1f_f000, 0x7fd3_ba00_0000_usize] {
            for wanted in [0, 0x5_0000, 0x1f_f000] {
                let by = distance(start, wanted);
                assert!(by < HUGE_PAGE);
                assert_eq!((start + by) % HUGE_PAGE, wanted);
            }
        }
    }
}
