import type { Reference } from "../reference/reference.ts";

/** The host that serves `docker.io`. */
const DOCKER_HUB = "registry-1.docker.io";

/**
 * The base of every request to a reference's repository: `https://host/v2/<repository>/`. Plain HTTP is spoken to the loopback, unless
 * TLS is set up for it, and to hosts named insecure.
 */
export function repositoryUrl(
  { registry, repository }: Pick<Reference, "registry" | "repository">,
  insecureRegistries: readonly string[] = [],
  namesTls: (url: URL) => boolean = () => false,
): URL {
  const host = registry === "docker.io" ? DOCKER_HUB : registry;
  const secure = new URL(`https://${host}/v2/${repository}/`);
  const isPlain = isNamed(secure, insecureRegistries) || (isLoopback(secure.hostname) && !namesTls(secure));
  return isPlain ? new URL(`http://${host}/v2/${repository}/`) : secure;
}

/**
 * Whether an address that `from` named (a redirect, a token endpoint) may be followed: HTTPS always; plain HTTP to hosts named
 * insecure, and to the loopback only from the loopback: a registry elsewhere has no business with this machine's own services.
 */
export function isAllowedUrl(url: URL, from: URL, insecureRegistries: readonly string[]): boolean {
  if (url.protocol === "https:") return true;
  if (url.protocol !== "http:") return false;
  if (isLoopback(url.hostname) && isLoopback(from.hostname)) return true;
  return isNamed(url, insecureRegistries);
}

function isNamed(url: URL, hosts: readonly string[]): boolean {
  return hosts.includes(url.hostname) || hosts.includes(url.host);
}

/** `hostname` as `URL` gives it: IPv4 in four decimals, IPv6 in brackets and its shortest form. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
