import { stat } from "node:fs/promises";
import type { VolumeConfig } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/** @throws RuntimeError `VOLUME_INVALID` unless every source is a directory. */
export async function checkVolumes(volumes: readonly VolumeConfig[]): Promise<void> {
  for (const { source } of volumes) {
    const found = await stat(source).catch((cause: unknown) => {
      throw new RuntimeError({
        code: "VOLUME_INVALID",
        message: `The volume source ${source} cannot be read`,
        hint: "Create the directory, or correct the path.",
        cause,
        details: { source },
      });
    });
    if (found.isDirectory()) continue;
    throw new RuntimeError({
      code: "VOLUME_INVALID",
      message: `The volume source ${source} is not a directory`,
      hint: "Share the directory that holds it.",
      details: { source },
    });
  }
}
