use std::ffi::c_void;
use std::mem::transmute;

type F0 = unsafe extern "C" fn() -> i32;
type F1 = unsafe extern "C" fn(u64) -> i32;
type F2 = unsafe extern "C" fn(u64, u64) -> i32;
type F3 = unsafe extern "C" fn(u64, u64, u64) -> i32;
type F4 = unsafe extern "C" fn(u64, u64, u64, u64) -> i32;
type F5 = unsafe extern "C" fn(u64, u64, u64, u64, u64) -> i32;
type F6 = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64) -> i32;
type F7 = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64) -> i32;
type F8 = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64) -> i32;

/// Calls a C function whose parameters are integers or pointers. Both 64-bit Linux ABIs (x86-64, AArch64) give each
/// of them a whole register or 8-byte stack slot and ignore the bits above the parameter's width.
///
/// # Safety
/// `function` takes `slots.len()` integer or pointer parameters, returns `int32_t`, and its pointers are valid.
pub unsafe fn invoke(function: *mut c_void, slots: &[u64]) -> i32 {
    unsafe {
        match *slots {
            [] => transmute::<*mut c_void, F0>(function)(),
            [a] => transmute::<*mut c_void, F1>(function)(a),
            [a, b] => transmute::<*mut c_void, F2>(function)(a, b),
            [a, b, c] => transmute::<*mut c_void, F3>(function)(a, b, c),
            [a, b, c, d] => transmute::<*mut c_void, F4>(function)(a, b, c, d),
            [a, b, c, d, e] => transmute::<*mut c_void, F5>(function)(a, b, c, d, e),
            [a, b, c, d, e, f] => transmute::<*mut c_void, F6>(function)(a, b, c, d, e, f),
            [a, b, c, d, e, f, g] => transmute::<*mut c_void, F7>(function)(a, b, c, d, e, f, g),
            [a, b, c, d, e, f, g, h] => transmute::<*mut c_void, F8>(function)(a, b, c, d, e, f, g, h),
            _ => unreachable!("the spec allows at most 8 arguments"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    unsafe extern "C" fn digits(a: u8, b: u32, c: i32, d: u64, e: bool, f: u8, g: u8, h: i32) -> i32 {
        let parts = [a as i32, b as i32, c, d as i32, e as i32, f as i32, g as i32, h];
        parts.iter().fold(0, |sum, part| sum * 10 + part)
    }

    unsafe extern "C" fn einval() -> i32 {
        -22
    }

    #[test]
    fn every_argument_reaches_its_parameter() {
        let sum = unsafe { invoke(digits as *mut c_void, &[1, 2, 3, 4, 1, 6, 7, 8]) };
        assert_eq!(sum, 12_341_678);
    }

    #[test]
    fn negative_answers_stay_negative() {
        assert_eq!(unsafe { invoke(einval as *mut c_void, &[]) }, -22);
    }
}
