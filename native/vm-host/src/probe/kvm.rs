//! The few KVM calls that one vCPU in 64-bit mode needs (Documentation/virt/kvm/api.rst).

use super::guest;
use crate::descriptor::check;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const GET_API_VERSION: u64 = 0xae00;
const CREATE_VM: u64 = 0xae01;
const GET_VCPU_MMAP_SIZE: u64 = 0xae04;
const GET_SUPPORTED_CPUID: u64 = 0xc008_ae05;
const CREATE_VCPU: u64 = 0xae41;
const SET_USER_MEMORY_REGION: u64 = 0x4020_ae46;
const SET_TSS_ADDR: u64 = 0xae47;
const RUN: u64 = 0xae80;
const SET_REGS: u64 = 0x4090_ae82;
const GET_SREGS: u64 = 0x8138_ae83;
const SET_SREGS: u64 = 0x4138_ae84;
const SET_CPUID2: u64 = 0x4008_ae90;

const EXIT_REASON_OFFSET: usize = 8;
const EXIT_HLT: u32 = 5;
const EXIT_INTR: u32 = 10;
const CPUID_ENTRIES: usize = 256;

#[repr(C)]
struct MemoryRegion {
    slot: u32,
    flags: u32,
    guest_address: u64,
    bytes: u64,
    host_address: u64,
}

#[repr(C)]
#[derive(Default)]
struct Regs {
    /// rax to r15 in KVM's order; all zero at the start.
    general: [u64; 16],
    rip: u64,
    rflags: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Segment {
    base: u64,
    limit: u32,
    selector: u16,
    kind: u8,
    present: u8,
    dpl: u8,
    db: u8,
    s: u8,
    l: u8,
    g: u8,
    avl: u8,
    unusable: u8,
    padding: u8,
}

#[repr(C)]
#[derive(Default)]
struct Sregs {
    /// cs ds es fs gs ss tr ldt
    segments: [Segment; 8],
    /// gdt and idt: base, limit and padding each.
    tables: [u64; 4],
    cr0: u64,
    cr2: u64,
    cr3: u64,
    cr4: u64,
    cr8: u64,
    efer: u64,
    apic_base: u64,
    interrupts: [u64; 4],
}

#[repr(C)]
struct Cpuid {
    count: u32,
    padding: u32,
    entries: [[u32; 10]; CPUID_ENTRIES],
}

pub fn run(kvm: File) -> io::Result<()> {
    let kvm = OwnedFd::from(kvm);
    if ioctl(&kvm, GET_API_VERSION, 0)? != 12 {
        return Err(io::Error::other("this KVM API is not version 12"));
    }
    let vm = unsafe { OwnedFd::from_raw_fd(ioctl(&kvm, CREATE_VM, 0)?) };
    // Intel VMX keeps a task state segment for real mode in guest memory; any unused address will do.
    let _ = ioctl(&vm, SET_TSS_ADDR, 0xfffb_d000);
    let memory = map(guest::MEMORY_BYTES, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
    guest::write(memory);
    let region = MemoryRegion {
        slot: 0,
        flags: 0,
        guest_address: 0,
        bytes: memory.len() as u64,
        host_address: memory.as_ptr() as u64,
    };
    ioctl(&vm, SET_USER_MEMORY_REGION, &raw const region as u64)?;
    let vcpu = unsafe { OwnedFd::from_raw_fd(ioctl(&vm, CREATE_VCPU, 0)?) };
    set_up(&kvm, &vcpu)?;
    let shared_bytes = ioctl(&kvm, GET_VCPU_MMAP_SIZE, 0)? as usize;
    let shared = map(shared_bytes, libc::MAP_SHARED, vcpu.as_raw_fd())?;
    loop {
        match ioctl(&vcpu, RUN, 0) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let reason = unsafe { shared.as_ptr().add(EXIT_REASON_OFFSET).cast::<u32>().read_volatile() };
        match reason {
            EXIT_HLT => return guest::verify(memory).map_err(io::Error::other),
            EXIT_INTR => {}
            reason => return Err(io::Error::other(format!("the guest stopped with {}", name(reason)))),
        }
    }
}

fn set_up(kvm: &OwnedFd, vcpu: &OwnedFd) -> io::Result<()> {
    let mut cpuid = Box::new(Cpuid {
        count: CPUID_ENTRIES as u32,
        padding: 0,
        entries: [[0; 10]; CPUID_ENTRIES],
    });
    ioctl(kvm, GET_SUPPORTED_CPUID, &raw mut *cpuid as u64)?;
    ioctl(vcpu, SET_CPUID2, &raw const *cpuid as u64)?;
    let mut sregs = Sregs::default();
    ioctl(vcpu, GET_SREGS, &raw mut sregs as u64)?;
    enter_long_mode(&mut sregs);
    ioctl(vcpu, SET_SREGS, &raw const sregs as u64)?;
    // Bit 1 of RFLAGS is always set.
    let regs = Regs {
        rip: guest::CODE as u64,
        rflags: 2,
        ..Regs::default()
    };
    ioctl(vcpu, SET_REGS, &raw const regs as u64)?;
    Ok(())
}

fn enter_long_mode(sregs: &mut Sregs) {
    let data = Segment {
        limit: u32::MAX,
        selector: 0x10,
        kind: 3,
        present: 1,
        db: 1,
        s: 1,
        g: 1,
        ..Segment::default()
    };
    let code = Segment {
        selector: 0x08,
        kind: 11,
        db: 0,
        l: 1,
        ..data
    };
    sregs.segments[..6].fill(data);
    sregs.segments[0] = code;
    // Busy 64-bit TSS: VMX refuses to enter long mode without one.
    sregs.segments[6].kind = 11;
    sregs.segments[6].present = 1;
    sregs.cr3 = guest::PML4 as u64;
    sregs.cr4 = 1 << 5 | 1 << 9; // PAE, OSFXSR
    sregs.cr0 = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 31; // PE, MP, ET, NE, PG
    sregs.efer = 1 << 8 | 1 << 10; // LME, LMA
}

fn ioctl(fd: &OwnedFd, request: u64, argument: u64) -> io::Result<i32> {
    check(unsafe { libc::ioctl(fd.as_raw_fd(), request as libc::Ioctl, argument) })
}

/// Mapped until the process ends, which is right after the probe.
fn map(bytes: usize, flags: i32, fd: i32) -> io::Result<&'static mut [u8]> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let address = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, fd, 0) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(unsafe { std::slice::from_raw_parts_mut(address.cast(), bytes) })
}

fn name(reason: u32) -> String {
    match reason {
        8 => "KVM_EXIT_SHUTDOWN (a fault that the guest did not expect)".to_owned(),
        9 => "KVM_EXIT_FAIL_ENTRY".to_owned(),
        17 => "KVM_EXIT_INTERNAL_ERROR".to_owned(),
        other => format!("KVM exit reason {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_sizes_in_the_request_numbers() {
        let size = |request: u64| (request >> 16 & 0x3fff) as usize;
        assert_eq!(size_of::<MemoryRegion>(), size(SET_USER_MEMORY_REGION));
        assert_eq!(size_of::<Regs>(), size(SET_REGS));
        assert_eq!(size_of::<Sregs>(), size(GET_SREGS));
    }
}
