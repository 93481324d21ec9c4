//! Memory image of the probe guest: page tables for 64-bit mode and a few instructions.

pub const MEMORY_BYTES: usize = 0x20_0000;
pub const PML4: usize = 0x1000;
const PDPT: usize = 0x2000;
const PD: usize = 0x3000;
pub const CODE: usize = 0x4000;
const DATA: usize = 0x5000;
const FXSAVE: usize = DATA + 0x100;
const DONE: usize = DATA + 0x10;

const EXCHANGED: u32 = 0x4433_2211;
const DONE_MARK: u32 = 0xa35;
/// FPU control word after FNINIT (Intel SDM volume 1, 8.1.5).
const FNINIT_CONTROL_WORD: u16 = 0x037f;

#[rustfmt::skip]
const INSTRUCTIONS: [u8; 46] = [
    0xbf, 0x00, 0x50, 0x00, 0x00,             // mov edi, DATA
    0x31, 0xc0,                               // xor eax, eax
    0x31, 0xd2,                               // xor edx, edx
    0xbb, 0x11, 0x22, 0x33, 0x44,             // mov ebx, EXCHANGED
    0x31, 0xc9,                               // xor ecx, ecx
    0xf0, 0x48, 0x0f, 0xc7, 0x0f,             // lock cmpxchg16b [rdi]
    0xdb, 0xe3,                               // fninit
    0x0f, 0xae, 0x87, 0x00, 0x01, 0x00, 0x00, // fxsave [rdi + 0x100]
    0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
    0xc7, 0x47, 0x10, 0x35, 0x0a, 0x00, 0x00, // mov dword [rdi + 0x10], DONE_MARK
    0xf4,                                     // hlt
];

/// Present, writable.
const TABLE: u64 = 0x3;
/// Present, writable, 2 MiB page.
const LARGE_PAGE: u64 = 0x83;

pub fn write(memory: &mut [u8]) {
    for (at, entry) in [(PML4, PDPT as u64 | TABLE), (PDPT, PD as u64 | TABLE), (PD, LARGE_PAGE)] {
        memory[at..at + 8].copy_from_slice(&entry.to_le_bytes());
    }
    memory[CODE..CODE + INSTRUCTIONS.len()].copy_from_slice(&INSTRUCTIONS);
}

/// A KVM that skips an instruction still reaches the HLT, so the results count, not the exit alone.
pub fn verify(memory: &[u8]) -> Result<(), &'static str> {
    let word = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().unwrap());
    if word(DATA) != EXCHANGED {
        return Err("lock cmpxchg16b had no effect");
    }
    if word(FXSAVE) as u16 != FNINIT_CONTROL_WORD {
        return Err("fninit and fxsave had no effect");
    }
    if word(DONE) != DONE_MARK {
        return Err("the guest stopped too early");
    }
    Ok(())
}
