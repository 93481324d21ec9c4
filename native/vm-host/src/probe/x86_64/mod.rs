//! A processor in 64-bit mode, and what a kernel does on it while it boots.

mod memory;

use super::kvm::{END_BYTES, ioctl};
pub use memory::{MEMORY_BYTES, write};
use std::io;
use std::os::fd::OwnedFd;

const GET_SUPPORTED_CPUID: u64 = 0xc008_ae05;
const SET_TSS_ADDR: u64 = 0xae47;
const SET_REGS: u64 = 0x4090_ae82;
const GET_SREGS: u64 = 0x8138_ae83;
const SET_SREGS: u64 = 0x4138_ae84;
const SET_CPUID2: u64 = 0x4008_ae90;

const EXIT_HLT: u32 = 5;
const CPUID_ENTRIES: usize = 256;

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

pub fn kind_of_vm(_: &OwnedFd) -> u64 {
    0
}

pub fn prepare(vm: &OwnedFd) {
    // Intel VMX keeps a task state segment for real mode in guest memory; any unused address will do.
    let _ = ioctl(vm, SET_TSS_ADDR, 0xfffb_d000);
}

/// What the guest's end says; none if this is none.
pub fn result(reason: u32, _: &[u8; END_BYTES], memory: &[u8]) -> Option<Result<(), &'static str>> {
    (reason == EXIT_HLT).then(|| memory::verify(memory))
}

pub fn set_up(kvm: &OwnedFd, _: &OwnedFd, vcpu: &OwnedFd) -> io::Result<()> {
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
        rip: memory::CODE as u64,
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
    sregs.cr3 = memory::PML4 as u64;
    sregs.cr4 = 1 << 5 | 1 << 9; // PAE, OSFXSR
    sregs.cr0 = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 31; // PE, MP, ET, NE, PG
    sregs.efer = 1 << 8 | 1 << 10; // LME, LMA
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_sizes_in_the_request_numbers() {
        let size = |request: u64| (request >> 16 & 0x3fff) as usize;
        assert_eq!(size_of::<Regs>(), size(SET_REGS));
        assert_eq!(size_of::<Sregs>(), size(GET_SREGS));
    }
}
