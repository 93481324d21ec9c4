/** Debian packages that tests use: real registries, image tools and shells to test against, and what libkrun links to. */
export const debianPackages = [
  "apache2-utils",
  "buildah",
  "busybox-static",
  "docker-registry",
  "fish",
  "libcap-ng0",
  "openssl",
  "passt",
  "skopeo",
  "umoci",
  "zsh",
];

/** Services that these packages would start at boot; tests start their own processes. */
export const services = ["docker-registry"];
