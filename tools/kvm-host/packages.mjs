/** Debian packages that the emulated KVM host needs. Plain JavaScript: the bootstrap reads it with any Node. */
export const debianPackages = ["qemu-system-x86", "busybox-static", "e2fsprogs", "kmod", "util-linux", "xz-utils"];

/** Programs that must be found on the path, and the package that brings each. */
export const programs = {
  "qemu-system-x86_64": "qemu-system-x86",
  busybox: "busybox-static",
  "mkfs.ext4": "e2fsprogs",
  depmod: "kmod",
  setpriv: "util-linux",
  xz: "xz-utils",
};
