import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DEFAULT_MEMORY_MIB, DEFAULT_VCPUS } from "../../../packages/core/dist/index.js";
import { locateLibkrun } from "../../../packages/vm/dist/index.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Compiles the yardstick: the least that a program can do to boot the guest kernel and come back. @returns its path */
export async function compileBare(): Promise<string> {
  const cache = here("../../../.cache/bench");
  await mkdir(cache, { recursive: true });
  const bare = join(cache, "bare");
  await promisify(execFile)("cc", ["-O2", "-Wall", "-o", `${bare}.${process.pid}`, here("bare.c"), "-ldl"]);
  await rename(`${bare}.${process.pid}`, bare);
  return bare;
}

/** Makes a root directory for it, with nothing but busybox. */
export async function makeBareRoot(root: string): Promise<void> {
  await mkdir(join(root, "bin"), { recursive: true });
  await cp("/bin/busybox", join(root, "bin/busybox"));
}

/** Boots a VM of the default size to its end. @returns milliseconds */
export async function bootBare(bare: string, root: string): Promise<number> {
  const { libkrun, libkrunfw } = await locateLibkrun();
  const size = [String(DEFAULT_VCPUS), String(DEFAULT_MEMORY_MIB)];
  const start = performance.now();
  const child = spawn(bare, [libkrun, libkrunfw, root, ...size, "/bin/busybox", "true"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the bare program ended with ${code}`);
  return performance.now() - start;
}
