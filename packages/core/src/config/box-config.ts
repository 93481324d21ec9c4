import * as v from "valibot";
import { isVolumeName } from "../values/volume-name.ts";
import { parseConfig } from "./parse-config.ts";

/** vCPUs of a box when none are asked for. */
export const DEFAULT_VCPUS = 2;
/** Most vCPUs of a box: libkrunfw's kernel is built for 16. */
export const MAX_VCPUS = 16;
/** Memory of a box in MiB when none is asked for. */
export const DEFAULT_MEMORY_MIB = 1024;
/** Least memory of a box in MiB: kernel, agent and a small process. */
export const MIN_MEMORY_MIB = 128;
/** Most memory of a box in MiB. */
export const MAX_MEMORY_MIB = 1024 * 1024;
/** Least size of a box's disk in MiB: the file system's own structures, and something to write to. */
export const MIN_DISK_MIB = 16;
/** Most size of a box's disk in MiB. */
export const MAX_DISK_MIB = 1024 * 1024;
/** Time from `boot()` to Ready in milliseconds. */
export const DEFAULT_BOOT_TIMEOUT_MS = 30_000;
/** Time from asking a guest to stop to ending it, in milliseconds. */
export const DEFAULT_STOP_GRACE_MS = 10_000;

const absolutePath = v.pipe(
  v.string(),
  v.startsWith("/", "must be an absolute path"),
  v.check((path) => !path.includes("\0"), "must not contain a NUL byte"),
);
const timeoutMs = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(24 * 60 * 60 * 1000));

const volume = v.strictObject({
  /** Absolute path of a directory or file on the host, or the name of a volume, which is made when it is missing. */
  source: v.pipe(
    v.string(),
    v.check((source) => source.startsWith("/") || isVolumeName(source), "must be an absolute path or name a volume"),
    v.check((source) => !source.includes("\0"), "must not contain a NUL byte"),
  ),
  /** Where it appears in the guest, absolute. */
  target: absolutePath,
  readOnly: v.optional(v.boolean(), false),
});

const tmpfs = v.strictObject({
  /** Where it appears in the guest, absolute. */
  target: absolutePath,
  sizeMib: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_MEMORY_MIB))),
  mode: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o7777))),
});

const fields = v.strictObject({
  image: v.pipe(v.string(), v.nonEmpty("must name an image"), v.maxLength(4096)),
  vcpus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_VCPUS)), DEFAULT_VCPUS),
  memoryMib: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(MIN_MEMORY_MIB), v.maxValue(MAX_MEMORY_MIB)),
    DEFAULT_MEMORY_MIB,
  ),
  hostname: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, "must be an RFC 1123 host name")),
  ),
  readOnly: v.optional(v.boolean(), false),
  diskMib: v.optional(v.pipe(v.number(), v.integer(), v.minValue(MIN_DISK_MIB), v.maxValue(MAX_DISK_MIB))),
  volumes: v.optional(v.pipe(v.array(volume), v.maxLength(32)), []),
  tmpfs: v.optional(v.pipe(v.array(tmpfs), v.maxLength(32)), []),
  bootTimeoutMs: v.optional(timeoutMs, DEFAULT_BOOT_TIMEOUT_MS),
  stopGraceMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3_600_000)), DEFAULT_STOP_GRACE_MS),
});

const boxConfig = v.pipe(
  fields,
  v.forward(
    v.check(({ readOnly, diskMib }) => !readOnly || diskMib === undefined, "has no use in a read-only box"),
    ["diskMib"],
  ),
);

/** A directory or a single file of the host, or a named volume, that the guest sees over virtio-fs. */
export type VolumeConfig = Readonly<v.InferOutput<typeof volume>>;

/**
 * What a box is, complete: every default filled in.
 *
 * | field | unit, bounds | default |
 * |---|---|---|
 * | `image` | reference, `oci:` directory | required |
 * | `vcpus` | 1 to 16 | 2 |
 * | `memoryMib` | MiB, 128 up | 1024 |
 * | `hostname` | RFC 1123 label | the box's id |
 * | `readOnly` | root without a writable layer | false |
 * | `diskMib` | MiB of the root's writable layer on disk, 16 to 1 TiB | in memory, half of it |
 * | `volumes` | at most 32 directories, files or named volumes | none |
 * | `tmpfs` | at most 32; `sizeMib` (half of the guest's memory), `mode` (0o1777) | none |
 * | `bootTimeoutMs` | ms to Ready | 30000 |
 * | `stopGraceMs` | ms from asking to killing | 10000 |
 */
export type BoxConfig = Readonly<v.InferOutput<typeof boxConfig>>;

/** What a caller writes: {@link BoxConfig} with everything but `image` optional. */
export type BoxConfigInput = Readonly<v.InferInput<typeof boxConfig>>;

/**
 * Checks a box configuration and fills in the defaults. Unknown fields are refused, so that a typing error is not lost.
 *
 * @throws CoreError `CONFIG_INVALID`, naming each field that is wrong.
 */
export function parseBoxConfig(input: unknown): BoxConfig {
  return parseConfig(boxConfig, input, "box configuration");
}
