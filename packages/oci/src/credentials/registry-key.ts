import type { CredentialsPlace } from "./credentials.ts";

/** The server that Docker keeps the credentials of Docker Hub under. */
const DOCKER_HUB_SERVER = "https://index.docker.io/v1/";
const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** What a registry is called when a credential helper is asked. */
export function serverOf(registry: string): string {
  return isDockerHub(registry) ? DOCKER_HUB_SERVER : registry;
}

/**
 * The one spelling of a key of a Docker or Podman configuration: `host[:port]`, or `host[:port]/namespace`
 * (containers-auth.json(5)). Docker writes hosts as addresses too, `https://host/v1/`, whose paths mean nothing.
 */
export function registryKey(key: string): string {
  const [, scheme, rest = ""] = /^(https?:\/\/)?(.*)$/s.exec(key.trim()) ?? [];
  const [host = "", ...path] = rest.replace(/\/+$/, "").split("/");
  const registry = isDockerHub(host) ? "docker.io" : host.toLowerCase();
  const isPlain = scheme !== undefined || path.length === 0 || /^v[12]$/.test(path.join("/"));
  return isPlain ? registry : `${registry}/${path.join("/")}`;
}

/** Keys that fit a repository, the most special one first. */
export function keysOf({ registry, repository }: CredentialsPlace): readonly string[] {
  const parts = repository.split("/");
  const namespaces = parts.map((_part, position) => parts.slice(0, parts.length - position).join("/"));
  const host = registryKey(registry);
  return [...namespaces.map((namespace) => `${host}/${namespace}`), host];
}

function isDockerHub(host: string): boolean {
  return DOCKER_HUB_HOSTS.has(host.toLowerCase());
}
