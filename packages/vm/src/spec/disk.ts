import * as v from "valibot";
import { absolutePath } from "./path.ts";

/** A block device of the guest. */
export interface VmDisk {
  /** Absolute path on the host of the image. */
  readonly path: string;
  readonly readOnly: boolean;
  /**
   * `raw` by default: the image's bytes are the device's. It is never found out from the image: a guest that can write its header could
   * have other files of the host opened with it. A `qcow2` image must stand alone, without a backing file or a file for its data.
   */
  readonly format?: "raw" | "qcow2" | undefined;
  /**
   * What becomes of the guest's writes, by the names that other VMMs give it. `writeback` (default): the host's cache takes them, and
   * has them on the disk when the guest flushes. `none`: they go past the host's cache (O_DIRECT), which not every file system
   * allows. `unsafe`: flushes are ignored, so that a crash of the host loses what the guest believes to be written.
   */
  readonly cache?: "writeback" | "none" | "unsafe" | undefined;
}

/** A disk with every default filled in. */
export type CheckedVmDisk = { readonly [K in keyof VmDisk]-?: NonNullable<VmDisk[K]> };

export const vmDisk = v.strictObject({
  path: absolutePath,
  readOnly: v.boolean(),
  format: v.optional(v.picklist(["raw", "qcow2"]), "raw"),
  cache: v.optional(v.picklist(["writeback", "none", "unsafe"]), "writeback"),
});

/** libkrun.h: KRUN_DISK_FORMAT_* and KRUN_SYNC_*; on Linux KRUN_SYNC_RELAXED is KRUN_SYNC_FULL. Pure. */
export function diskOptions({ format, cache }: CheckedVmDisk) {
  return {
    format: { raw: 0, qcow2: 1 }[format],
    directIo: cache === "none",
    syncMode: cache === "unsafe" ? 0 : 1,
  };
}
