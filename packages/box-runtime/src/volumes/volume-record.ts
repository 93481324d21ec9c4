import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { unlessMissing, writeFileAtomic } from "@a3s/core";
import * as v from "valibot";
import { RuntimeError } from "../errors/runtime-error.ts";

/** Most bytes of `volume.json`. */
const MAX_RECORD_BYTES = 256 * 1024;

/** Bounds so that a record stays small; docker has none. */
const labels = v.pipe(
  v.record(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)), v.pipe(v.string(), v.maxLength(1024))),
  v.maxEntries(64),
);

const schema = v.strictObject({ version: v.literal(1), createdAt: v.pipe(v.string(), v.isoTimestamp()), labels });

/** `volume.json` of a volume. */
export type VolumeRecord = v.InferOutput<typeof schema>;

/** @throws RuntimeError `VOLUME_INVALID` */
export function parseLabels(input: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const result = v.safeParse(labels, input);
  if (result.success) return result.output;
  throw new RuntimeError({
    code: "VOLUME_INVALID",
    message: `The labels are invalid: ${result.issues.map(({ message }) => message).join("; ")}`,
    hint: "Take at most 64 labels, of names up to 256 and values up to 1024 characters.",
  });
}

export async function writeVolumeRecord(path: string, record: VolumeRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}

/** The record, or why there is none that can be read. */
export async function readVolumeRecord(path: string): Promise<VolumeRecord | { readonly damage: string }> {
  await using file = await unlessMissing(open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  if (file === undefined) return { damage: `${path} is missing` };
  const found = await file.stat();
  if (!found.isFile() || found.size > MAX_RECORD_BYTES) return { damage: `${path} is not a volume's record` };
  try {
    return v.parse(schema, JSON.parse(await file.readFile("utf8")));
  } catch (error) {
    return { damage: `${path} is damaged: ${(error as Error).message}` };
  }
}
