/** Debian packages that the quickstart needs beside the image builder's. */
export const debianPackages = ["docker-registry", "skopeo"];
