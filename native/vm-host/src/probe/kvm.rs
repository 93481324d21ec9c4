//! The few KVM calls that one vCPU needs (Documentation/virt/kvm/api.rst); those of its architecture are in `guest`.

use super::guest;
use crate::descriptor::check;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const GET_API_VERSION: u64 = 0xae00;
const CREATE_VM: u64 = 0xae01;
const GET_VCPU_MMAP_SIZE: u64 = 0xae04;
const CREATE_VCPU: u64 = 0xae41;
const SET_USER_MEMORY_REGION: u64 = 0x4020_ae46;
const RUN: u64 = 0xae80;

/// As much of struct kvm_run as tells of an end.
pub const END_BYTES: usize = 64;
const EXIT_REASON_OFFSET: usize = 8;
const EXIT_INTR: u32 = 10;

#[repr(C)]
struct MemoryRegion {
    slot: u32,
    flags: u32,
    guest_address: u64,
    bytes: u64,
    host_address: u64,
}

pub fn run(kvm: File) -> io::Result<()> {
    let kvm = OwnedFd::from(kvm);
    if ioctl(&kvm, GET_API_VERSION, 0)? != 12 {
        return Err(io::Error::other("this KVM API is not version 12"));
    }
    let vm = unsafe { OwnedFd::from_raw_fd(ioctl(&kvm, CREATE_VM, guest::kind_of_vm(&kvm))?) };
    guest::prepare(&vm);
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
    guest::set_up(&kvm, &vm, &vcpu)?;
    let shared_bytes = ioctl(&kvm, GET_VCPU_MMAP_SIZE, 0)? as usize;
    let shared = map(shared_bytes, libc::MAP_SHARED, vcpu.as_raw_fd())?;
    loop {
        match ioctl(&vcpu, RUN, 0) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        let end = unsafe { shared.as_ptr().cast::<[u8; END_BYTES]>().read_volatile() };
        let reason = u32::from_ne_bytes(std::array::from_fn(|at| end[EXIT_REASON_OFFSET + at]));
        match guest::result(reason, &end, memory) {
            Some(result) => return result.map_err(io::Error::other),
            None if reason == EXIT_INTR => {}
            None => return Err(io::Error::other(format!("the guest stopped with {}", name(reason)))),
        }
    }
}

pub fn ioctl(fd: &OwnedFd, request: u64, argument: u64) -> io::Result<i32> {
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
    fn a_region_has_the_size_in_the_request_number() {
        assert_eq!(
            size_of::<MemoryRegion>(),
            (SET_USER_MEMORY_REGION >> 16 & 0x3fff) as usize
        );
    }
}
