import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { makeCertificates } from "./certificates.ts";

const run = promisify(execFile);

/** A name that its certificate is good for, beside the loopback's. */
const TLS_NAME = "registry.test";

/** Options of {@link startDockerRegistry}. */
export interface DockerRegistryOptions {
  readonly signal?: AbortSignal;
  /** Path of the binary; `docker-registry` in `PATH` by default. */
  readonly binary?: string;
  /** Who may use it, by Basic authentication; everybody by default. */
  readonly htpasswd?: { readonly username: string; readonly password: string };
  /** Whether it speaks TLS, as 127.0.0.1 or `registry.test`, and by which authority (in PEM) clients must have been signed, if by any. Plain HTTP by default. */
  readonly tls?: true | { readonly clientCa: string };
}

/** A real registry, empty at first, that takes pushes and pulls. Disposing it ends the process and removes its files. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The authority of its certificate in PEM; empty when it speaks plain HTTP. */
  readonly ca: string;
}

/**
 * Starts Debian's docker-registry (CNCF distribution) on a free port of the loopback.
 *
 * ```ts
 * await using registry = await startDockerRegistry();
 * // skopeo copy --dest-tls-verify=false oci:layout:tag docker://${registry.host}/name:tag
 * ```
 */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const { signal, binary = "docker-registry" } = options;
  signal?.throwIfAborted();
  const directory = await mkdtemp(join(tmpdir(), "a3s-registry-"));
  try {
    const ca = await configure(directory, options);
    return await start(directory, { binary, ca, signal });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

async function start(
  directory: string,
  { binary, ca, signal }: { readonly binary: string; readonly ca: string; readonly signal: AbortSignal | undefined },
): Promise<DockerRegistry> {
  // REGISTRY_AUTH_FILE, where Podman keeps credentials, would change the registry's own configuration.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("REGISTRY_")));
  const child = spawn(binary, ["serve", "config.json"], { stdio: ["ignore", "ignore", "pipe"], cwd: directory, env });
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(startFault(binary, error)));
    child.once("exit", (code, by) => resolve(`${binary} ended with ${by ?? `status ${code}`}`));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const tail: string[] = [];
  const lines = createInterface({ input: child.stderr });
  const host = new Promise<string>((resolve, reject) => {
    lines.on("line", (line) => {
      tail.push(line);
      if (tail.length > 20) tail.shift();
      // Logged once the socket listens, with the port that the kernel chose.
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    ended.then((why) => reject(new Error([why, ...tail].join("\n"))));
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  try {
    return { host: await host, ca, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Writes what the registry is started with. @returns the authority of its certificate. */
async function configure(directory: string, { htpasswd, tls }: DockerRegistryOptions): Promise<string> {
  const path = (name: string) => join(directory, name);
  const certificates = tls === undefined ? undefined : await makeCertificates({ names: [TLS_NAME] });
  const clientCa = typeof tls === "object" ? tls.clientCa : undefined;
  if (certificates !== undefined) {
    await writeFile(path("server.crt"), certificates.server.cert);
    await writeFile(path("server.key"), certificates.server.key);
    if (clientCa !== undefined) await writeFile(path("client-ca.crt"), clientCa);
  }
  if (htpasswd !== undefined) {
    // The registry takes bcrypt only.
    const { stdout } = await run("htpasswd", ["-nbB", htpasswd.username, htpasswd.password]);
    await writeFile(path("htpasswd"), stdout.trim());
  }
  const secured = {
    certificate: path("server.crt"),
    key: path("server.key"),
    ...(clientCa === undefined ? {} : { clientcas: [path("client-ca.crt")] }),
  };
  const configuration = {
    version: "0.1",
    log: { level: "info", formatter: "text", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: path("data") }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", ...(certificates === undefined ? {} : { tls: secured }) },
    ...(htpasswd === undefined ? {} : { auth: { htpasswd: { realm: "test", path: path("htpasswd") } } }),
  };
  // JSON is YAML.
  await writeFile(path("config.json"), JSON.stringify(configuration));
  return certificates?.ca ?? "";
}

function startFault(binary: string, error: NodeJS.ErrnoException): string {
  if (error.code !== "ENOENT") return `${binary} cannot be started: ${error.message}`;
  return `${binary} is not installed; run pnpm bootstrap, or install the Debian package docker-registry.`;
}
