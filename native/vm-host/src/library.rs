use crate::failure::{Failure, Stage};
use std::ffi::{CStr, CString, c_void};

/// A shared library, open until the process ends.
pub struct Library {
    handle: *mut c_void,
}

impl Library {
    /// RTLD_GLOBAL and RTLD_NOW: a missing dependency is found here, not in the middle of the start.
    pub fn open(path: &str) -> Result<Self, Failure> {
        let name = CString::new(path).expect("paths were validated");
        let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) };
        if handle.is_null() {
            return Err(Failure::new(Stage::Load, path, last_error()));
        }
        Ok(Self { handle })
    }

    pub fn symbol(&self, name: &str) -> Result<*mut c_void, Failure> {
        let symbol = CString::new(name).map_err(|_| Failure::new(Stage::Load, name, "the name holds a NUL byte"))?;
        let address = unsafe { libc::dlsym(self.handle, symbol.as_ptr()) };
        if address.is_null() {
            return Err(Failure::new(Stage::Load, name, last_error()));
        }
        Ok(address)
    }
}

fn last_error() -> String {
    let text = unsafe { libc::dlerror() };
    if text.is_null() {
        return "unknown loader error".to_owned();
    }
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
