/** Debian packages that the image builders need. */
export const debianPackages = ["busybox-static", "mmdebstrap", "umoci"];
