import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeInitramfs } from "./initramfs.ts";
import { fetchKernelPackage, unpackKernel } from "./kernel.ts";
import { kernelModules } from "./modules.ts";

/** What the emulated host boots from. */
export interface BootFiles {
  readonly kernel: string;
  /** The part of the initramfs that every run shares. */
  readonly initramfs: string;
}

const cacheDirectory = fileURLToPath(new URL("../../.cache/kvm-host/", import.meta.url));

/** Everything that shapes the boot files beside the kernel; a change of any byte makes new ones. */
const sourceFiles = ["init.sh", "pid1.sh", "modules.ts", "initramfs.ts", "cpio.ts", "kernel.ts"];

/**
 * The boot files from the cache, built when they are not there. A build happens in a directory of its own that is
 * renamed when complete, so that two runs may build at once and an interrupted build is never used.
 */
export async function bootFiles(signal?: AbortSignal): Promise<BootFiles> {
  const deb = await fetchKernelPackage(cacheDirectory, signal);
  const hash = createHash("sha256").update(basename(deb));
  for (const file of sourceFiles) hash.update(await readFile(new URL(file, import.meta.url)));
  const directory = join(cacheDirectory, `boot-${hash.digest("hex").slice(0, 16)}`);
  const files = { kernel: join(directory, "kernel"), initramfs: join(directory, "initramfs") };
  if (await exists(directory)) return files;

  const work = await mkdtemp(join(cacheDirectory, "build-"));
  try {
    const ready = join(work, "ready");
    const unpacked = join(work, "unpacked");
    const [initScript, pid1Script] = await Promise.all([source("init.sh"), source("pid1.sh")]);
    await Promise.all([mkdir(ready), mkdir(unpacked)]);
    const kernel = await unpackKernel(deb, unpacked, signal);
    const sources = { initScript, pid1Script, modules: kernelModules };
    await writeInitramfs(join(ready, "initramfs"), sources, kernel.modules, signal);
    await rename(kernel.image, join(ready, "kernel"));
    await rename(ready, directory).catch(async (error: unknown) => {
      // Another run was faster, with the same result.
      if (!(await exists(directory))) throw error;
    });
    await removeOutdated(directory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return files;
}

/** Removes what older sources or an interrupted run left; nothing of the last day, which another run may be using. */
async function removeOutdated(current: string): Promise<void> {
  for (const name of await readdir(cacheDirectory)) {
    const path = join(cacheDirectory, name);
    if (path === current || !/^(boot|build|download)-/.test(name)) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > 24 * 60 * 60 * 1000) await rm(path, { recursive: true, force: true });
  }
}

function source(file: string): Promise<string> {
  return readFile(new URL(file, import.meta.url), "utf8");
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
