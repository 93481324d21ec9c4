//! The allocator of the tests: it knows of what children allocate that share this process's memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

#[global_allocator]
static WATCHED: Watched = Watched;

/// 0 until somebody wants to know.
static OWNER: AtomicI32 = AtomicI32::new(0);
static OF_CHILDREN: AtomicUsize = AtomicUsize::new(0);

struct Watched;

pub fn watch() {
    OWNER.store(unsafe { libc::getpid() }, Ordering::Relaxed);
}

/// Calls of the allocator that did not come from this process since it is watched.
pub fn of_children() -> usize {
    OF_CHILDREN.load(Ordering::Relaxed)
}

impl Watched {
    fn is_for_child(&self) -> bool {
        let owner = OWNER.load(Ordering::Relaxed);
        let foreign = owner != 0 && unsafe { libc::getpid() } != owner;
        if foreign {
            OF_CHILDREN.fetch_add(1, Ordering::Relaxed);
        }
        foreign
    }
}

// A child gets nothing, which ends it.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.is_for_child() {
            true => null_mut(),
            false => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !self.is_for_child() {
            unsafe { System.dealloc(pointer, layout) }
        }
    }
}
