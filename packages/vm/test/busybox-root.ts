import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

/** Makes a root directory for a guest: a statically linked busybox, and directories to mount something on. */
export async function busyboxRoot(path: string): Promise<string> {
  for (const name of ["bin", "proc", "sys", "dev", "ro", "rw", "all"]) {
    await mkdir(join(path, name), { recursive: true });
  }
  await copyFile("/bin/busybox", join(path, "bin/busybox"));
  return path;
}
