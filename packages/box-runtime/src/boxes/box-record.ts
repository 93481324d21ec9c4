import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { type BoxConfig, type BoxId, type Digest, isBoxId, isDigest, parseBoxConfig, unlessMissing } from "@a3s/core";
import * as v from "valibot";
import { boxTooLarge } from "./box-error.ts";
import type { BoxExit, BoxIntent } from "./box-life.ts";
import { isBoxName } from "./box-name.ts";

/** Most bytes of `box.json`: a configuration may have 1024 labels of 64 KiB, which nobody has. */
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

const INTENTS = ["created", "starting", "running", "stopping", "stopped", "removing"] as const satisfies BoxIntent[];

const time = v.pipe(v.string(), v.isoTimestamp());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const digest = v.custom<Digest>(isDigest, "must be a digest");
const strings = v.array(v.string());

const schema = v.strictObject({
  version: v.literal(1),
  id: v.custom<BoxId>(isBoxId, "must be a box's id"),
  name: v.custom<string>(isBoxName, "must be a box's name"),
  generation: v.pipe(count, v.minValue(1)),
  createdAt: time,
  intent: v.picklist(INTENTS),
  startedAt: v.nullable(time),
  exit: v.nullable(
    v.strictObject({
      exitCode: v.nullable(v.pipe(count, v.maxValue(255))),
      signal: v.nullable(v.string()),
      meaning: v.string(),
      endedAt: v.nullable(time),
    }),
  ),
  restarts: count,
  runs: count,
  // Records of before there were supervisors have none of these.
  halted: v.optional(v.boolean(), false),
  nextStartAt: v.optional(v.nullable(time), null),
  readyMs: v.optional(v.nullable(count), null),
  autoRemove: v.boolean(),
  main: v.nullable(v.strictObject({ tty: v.boolean(), stdin: v.boolean() })),
  image: v.strictObject({
    reference: v.string(),
    digest,
    process: v.strictObject({
      entrypoint: strings,
      cmd: strings,
      env: strings,
      workingDir: v.string(),
      user: v.string(),
      stopSignal: v.optional(v.string()),
    }),
  }),
  chainId: digest,
  config: v.unknown(),
});

/**
 * `box.json`: what a box is, and what it is meant to do.
 *
 * - `halted`: somebody has asked for the end of its last run, or was told that it did not start
 * - `nextStartAt`: its supervisor starts it again; the time is for people
 * - `readyMs`: when its last run was ready, by CLOCK_MONOTONIC; null for one that was not
 */
export interface BoxRecord extends Readonly<Omit<v.InferOutput<typeof schema>, "config" | "exit">> {
  readonly config: BoxConfig;
  readonly exit: BoxExit | null;
}

/** @throws RuntimeError `BOX_INVALID` */
export function formatRecord(record: BoxRecord): string {
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  if (Buffer.byteLength(text) > MAX_RECORD_BYTES) throw boxTooLarge(MAX_RECORD_BYTES);
  return text;
}

/** The record of the box with this id; undefined where there is none, and what is wrong with one that cannot be believed. */
export async function readRecord(
  path: string,
  id: BoxId,
): Promise<BoxRecord | { readonly damage: string } | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    await using file = await unlessMissing(open(path, flags));
    if (file === undefined) return undefined;
    const found = await file.stat();
    if (!found.isFile() || found.size > MAX_RECORD_BYTES) return { damage: `${path} is not a box's record` };
    const { config, ...rest } = v.parse(schema, JSON.parse(await file.readFile("utf8")));
    if (rest.id !== id) return { damage: `${path} is the record of the box ${rest.id}` };
    return { ...rest, config: parseBoxConfig(config) };
  } catch (error) {
    return { damage: `${path} is damaged: ${(error as Error).message}` };
  }
}
