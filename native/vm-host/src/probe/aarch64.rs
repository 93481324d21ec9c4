//! A processor at EL1, and what a kernel does on it while it boots. It tells its result by a write to where no memory is, which KVM
//! hands to this process.

use super::kvm::{END_BYTES, ioctl};
use std::io;
use std::os::fd::OwnedFd;

const CHECK_EXTENSION: u64 = 0xae03;
const CAP_ARM_VM_IPA_SIZE: u64 = 165;
const ARM_PREFERRED_TARGET: u64 = 0x8020_aeaf;
const ARM_VCPU_INIT: u64 = 0x4020_aeae;
const SET_ONE_REG: u64 = 0x4010_aeac;
/// KVM_REG_ARM64, KVM_REG_SIZE_U64, KVM_REG_ARM_CORE and the place of `pc` in struct kvm_regs, in words.
const PROGRAM_COUNTER: u64 = 0x6030_0000_0010_0040;

const EXIT_MMIO: u32 = 6;
/// Of struct kvm_run: `mmio.phys_addr`, `mmio.data`, `mmio.len`, `mmio.is_write`.
const MMIO: usize = 32;

pub const MEMORY_BYTES: usize = 0x20_0000;
const TABLE: usize = 0x1000;
const CODE: usize = 0x2000;
const COUNTER: usize = 0x3000;
const DEVICE: u64 = 0x4000_0000;

const COUNTED: u32 = 0x0011_2233;

/// Blocks of 1 GiB: memory of the first kind in MAIR_EL1, shared, and a device of the second.
const MEMORY_BLOCK: u64 = 0x701;
const DEVICE_BLOCK: u64 = DEVICE | 0x405;

#[rustfmt::skip]
const INSTRUCTIONS: [u32; 26] = [
    0xd282_0000, // mov x0, TABLE
    0xd518_2000, // msr ttbr0_el1, x0
    0xd280_1fe0, // mov x0, #0xff: memory that is cached, and devices
    0xd518_a200, // msr mair_el1, x0
    0xd286_a400, // mov x0, #0x3520: 32 bits of addresses, pages of 4 KiB, a cached table
    0xf2a0_1000, // movk x0, #0x80, lsl #16: none for the upper half
    0xd518_2040, // msr tcr_el1, x0
    0xd503_3fdf, // isb
    0xd538_1000, // mrs x0, sctlr_el1
    0xd282_00a1, // mov x1, #0x1005: MMU, both caches
    0xaa01_0000, // orr x0, x0, x1
    0xd518_1000, // msr sctlr_el1, x0
    0xd2a0_0600, // mov x0, #0x300000: vectors
    0xd518_1040, // msr cpacr_el1, x0
    0xd503_3fdf, // isb
    0xd286_0001, // mov x1, COUNTER
    0x885f_fc22, // again: ldaxr w2, [x1]
    0x1100_0442, // add w2, w2, #1
    0x8803_fc22, // stlxr w3, w2, [x1]
    0x35ff_ffa3, // cbnz w3, again
    0x4e04_0c40, // dup v0.4s, w2
    0x4eb1_b800, // addv s0, v0.4s
    0x0e04_3c04, // mov w4, v0.s[0]
    0xd2a8_0005, // mov x5, DEVICE
    0xb900_00a4, // str w4, [x5]
    0x1400_0000, // b .
];

#[repr(C)]
struct VcpuInit {
    target: u32,
    features: [u32; 7],
}

#[repr(C)]
struct OneReg {
    id: u64,
    address: u64,
}

/// The size of the guest's addresses. The default, 40 bits, is more than some processors have.
pub fn kind_of_vm(kvm: &OwnedFd) -> u64 {
    ioctl(kvm, CHECK_EXTENSION, CAP_ARM_VM_IPA_SIZE).map_or(0, |bits| bits as u64)
}

pub fn prepare(_: &OwnedFd) {}

pub fn write(memory: &mut [u8]) {
    let mut put = |at: usize, bytes: &[u8]| memory[at..at + bytes.len()].copy_from_slice(bytes);
    put(TABLE, &MEMORY_BLOCK.to_le_bytes());
    put(TABLE + 8, &DEVICE_BLOCK.to_le_bytes());
    put(COUNTER, &COUNTED.to_le_bytes());
    for (index, instruction) in INSTRUCTIONS.iter().enumerate() {
        put(CODE + 4 * index, &instruction.to_le_bytes());
    }
}

pub fn set_up(_: &OwnedFd, vm: &OwnedFd, vcpu: &OwnedFd) -> io::Result<()> {
    let mut init = VcpuInit {
        target: 0,
        features: [0; 7],
    };
    ioctl(vm, ARM_PREFERRED_TARGET, &raw mut init as u64)?;
    ioctl(vcpu, ARM_VCPU_INIT, &raw const init as u64)?;
    let start = CODE as u64;
    let register = OneReg {
        id: PROGRAM_COUNTER,
        address: &raw const start as u64,
    };
    ioctl(vcpu, SET_ONE_REG, &raw const register as u64)?;
    Ok(())
}

/// What the guest's end says; none if this is none.
pub fn result(reason: u32, end: &[u8; END_BYTES], _: &[u8]) -> Option<Result<(), &'static str>> {
    let mmio = &end[MMIO..MMIO + 24];
    let ended = reason == EXIT_MMIO && mmio[..8] == DEVICE.to_le_bytes() && mmio[20] == 1;
    ended.then(|| match mmio[8..12] == ((COUNTED + 1) * 4).to_le_bytes() {
        true => Ok(()),
        false => Err("exclusive accesses or vectors had no effect"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_sizes_in_the_request_numbers() {
        let size = |request: u64| (request >> 16 & 0x3fff) as usize;
        assert_eq!(size_of::<VcpuInit>(), size(ARM_VCPU_INIT));
        assert_eq!(size_of::<OneReg>(), size(SET_ONE_REG));
    }
}
