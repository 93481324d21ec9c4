//! The symbols of src/guest_memory.rs and src/scheduling.rs, for the libraries that the program loads.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["mmap", "mmap64", "pthread_create"] {
        println!("cargo:rustc-link-arg-bin=vm-host=-Wl,--export-dynamic-symbol={name}");
    }
}
