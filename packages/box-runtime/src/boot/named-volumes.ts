import { lstat, mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { NamedVolume } from "@a3s/rootfs";
import { RuntimeError } from "../errors/runtime-error.ts";

/**
 * Makes the directories of volumes that are used for the first time. They stay when the box is gone.
 *
 * @throws RuntimeError `VOLUME_INVALID` when something else is in the place of one.
 */
export async function makeNamedVolumes(volumes: readonly NamedVolume[]): Promise<void> {
  for (const { name, path } of volumes) {
    // Nobody but the owner reaches what guests keep, setuid programs among it; in the guest every user does.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await mkdir(path, { mode: 0o755 }).catch(unlessExists);
    if ((await lstat(path)).isDirectory()) continue;
    throw new RuntimeError({
      code: "VOLUME_INVALID",
      message: `The volume ${name} has no directory at ${path}, but something else`,
      hint: "Move it away; the volume is made anew then.",
      details: { name, path },
    });
  }
}

function unlessExists(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
