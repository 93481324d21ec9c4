/** Debian packages that the image builder needs. */
export const debianPackages = ["busybox-static", "umoci"];
