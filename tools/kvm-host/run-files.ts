import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { runProgram } from "./programs.ts";

/**
 * One run's own files. They have no name any more when this returns: QEMU gets their descriptors, and the kernel frees
 * them with the last process that holds one, however that process ends.
 */
export interface RunFiles extends AsyncDisposable {
  readonly initramfs: FileHandle;
  /** Sparse ext4 image. */
  readonly scratch: FileHandle;
}

export async function createRunFiles(
  sharedInitramfs: string,
  guestFiles: readonly CpioEntry[],
  diskGib: number,
  signal?: AbortSignal,
): Promise<RunFiles> {
  const directory = await mkdtemp(join(tmpdir(), "kvm-host-"));
  const handles: FileHandle[] = [];
  const opened = async (name: string): Promise<FileHandle> => {
    const handle = await open(join(directory, name), "r+");
    handles.push(handle);
    return handle;
  };
  try {
    // The kernel unpacks one archive after the other.
    const archive = Buffer.concat([await readFile(sharedInitramfs), cpioArchive(guestFiles)]);
    await writeFile(join(directory, "initramfs"), archive, { mode: 0o600 });
    await makeScratch(join(directory, "scratch"), diskGib, signal);
    const initramfs = await opened("initramfs");
    const scratch = await opened("scratch");
    return { initramfs, scratch, [Symbol.asyncDispose]: () => closeAll(handles) };
  } catch (error) {
    await closeAll(handles);
    throw error;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function closeAll(handles: readonly FileHandle[]): Promise<void> {
  await Promise.all(handles.map((handle) => handle.close()));
}

async function makeScratch(path: string, gib: number, signal?: AbortSignal): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  await handle.truncate(gib * 1024 ** 3).finally(() => handle.close());
  // The disk lives for one run: no journal, and no zeroing of tables that a sparse file holds as zeros anyway.
  const options = ["-E", "lazy_itable_init=0,assume_storage_prezeroed=1,nodiscard", "-O", "^has_journal", "-m", "0"];
  await runProgram("mkfs.ext4", ["-q", "-F", ...options, path], { signal });
}
