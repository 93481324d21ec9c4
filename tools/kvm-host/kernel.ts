import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KvmHostError } from "./errors.ts";
import { runProgram } from "./programs.ts";
import { xzPayload } from "./vmlinux.ts";

/** Debian's name for "the current kernel": it depends on the package that holds it. */
const metaPackage = "linux-image-amd64";

/** The kernel package that `apt-cache depends` names, as `linux-image-6.1.0-56-amd64`. */
export function kernelPackage(dependsOutput: string): string | undefined {
  return /Depends: (linux-image-\S+)/.exec(dependsOutput)?.[1];
}

/** The newest of the given package files, by version: `6.1.0-100` is newer than `6.1.0-56`. */
export function newestPackage(files: readonly string[]): string | undefined {
  return files
    .filter((file) => /^linux-image-.*\.deb$/.test(file))
    .sort(new Intl.Collator("en", { numeric: true }).compare)
    .at(-1);
}

/** The kernel package in the cache, downloaded when there is none yet. Needs no root. */
export async function fetchKernelPackage(cache: string, signal?: AbortSignal): Promise<string> {
  await mkdir(cache, { recursive: true });
  const cached = newestPackage(await readdir(cache));
  if (cached !== undefined) return join(cache, cached);

  const directory = await mkdtemp(join(cache, "download-"));
  try {
    const name = kernelPackage(await runProgram("apt-cache", ["depends", metaPackage], { signal }));
    if (name === undefined) throw new Error(`apt knows no package that ${metaPackage} depends on`);
    await runProgram("apt-get", ["download", name], { cwd: directory, signal });
    const file = newestPackage(await readdir(directory));
    if (file === undefined) throw new Error(`apt-get download ${name} left no package`);
    await rename(join(directory, file), join(cache, file));
    return join(cache, file);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new KvmHostError(
      "KERNEL_UNAVAILABLE",
      `The Debian kernel could not be downloaded (${String(cause instanceof Error ? cause.message : cause).trim()}): run "apt-get update" as root and try again.`,
      { cause },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface UnpackedKernel {
  /** Holds modules.dep and the module files. */
  readonly modules: string;
  /** An image that QEMU boots. */
  readonly image: string;
}

/** Unpacks a kernel package into an empty directory. */
export async function unpackKernel(deb: string, into: string, signal?: AbortSignal): Promise<UnpackedKernel> {
  await runProgram("dpkg", ["-x", deb, into], { signal });
  const [release] = await readdir(join(into, "lib/modules"));
  if (release === undefined) throw new KvmHostError("KERNEL_UNAVAILABLE", `${deb} holds no kernel modules.`);
  await runProgram("depmod", ["-b", into, release], { signal });

  // Unpacking the kernel in the emulated machine takes seconds, here less than one. QEMU boots the ELF file by its PVH entry.
  let image = join(into, "boot", `vmlinuz-${release}`);
  const payload = xzPayload(await readFile(image));
  if (payload !== undefined) {
    image = join(into, "vmlinux");
    await writeFile(`${image}.xz`, payload);
    await runProgram("xz", ["--decompress", "--single-stream", `${image}.xz`], { signal });
  }
  return { image, modules: join(into, "lib/modules", release) };
}
