import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Options of {@link startDockerRegistry}. */
export interface DockerRegistryOptions {
  readonly signal?: AbortSignal;
  /** Path of the binary; `docker-registry` in `PATH` by default. */
  readonly binary?: string;
}

/** A real registry, empty at first, that takes pushes and pulls over plain HTTP. Disposing it ends the process and removes its files. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
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
  const config = join(directory, "config.json");
  // JSON is YAML.
  await writeFile(config, JSON.stringify(configuration(join(directory, "data"))));
  const child = spawn(binary, ["serve", config], { stdio: ["ignore", "ignore", "pipe"], cwd: directory });
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
    return { host: await host, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration(rootdirectory: string): unknown {
  return {
    version: "0.1",
    log: { level: "info", formatter: "text", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0" },
  };
}

function startFault(binary: string, error: NodeJS.ErrnoException): string {
  if (error.code !== "ENOENT") return `${binary} cannot be started: ${error.message}`;
  return `${binary} is not installed; run pnpm bootstrap, or install the Debian package docker-registry.`;
}
