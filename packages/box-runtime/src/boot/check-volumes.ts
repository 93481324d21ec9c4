import { realpath, stat } from "node:fs/promises";
import type { VolumeConfig } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/**
 * The volumes with the one path of each source that leads through no link: who shares a link shares what it leads to. Named volumes
 * stay as they are.
 *
 * @throws RuntimeError `VOLUME_INVALID` unless every source that is a path is a directory or a file.
 */
export async function checkVolumes(volumes: readonly VolumeConfig[]): Promise<readonly VolumeConfig[]> {
  const checked: VolumeConfig[] = [];
  for (const volume of volumes) checked.push({ ...volume, source: await checkSource(volume.source) });
  return checked;
}

async function checkSource(source: string): Promise<string> {
  if (!source.startsWith("/")) return source;
  try {
    const path = await realpath(source);
    const found = await stat(path);
    if (found.isDirectory() || found.isFile()) return path;
  } catch (cause) {
    throw new RuntimeError({
      code: "VOLUME_INVALID",
      message: `The volume source ${source} cannot be read`,
      hint: "Create the directory or file, or correct the path.",
      cause,
      details: { source },
    });
  }
  throw new RuntimeError({
    code: "VOLUME_INVALID",
    message: `The volume source ${source} is neither a directory nor a file`,
    hint: "Share the directory that holds it.",
    details: { source },
  });
}
