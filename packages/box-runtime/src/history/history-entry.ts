import { type BoxId, isBoxId } from "@a3s/core";
import * as v from "valibot";
import type { BoxExit } from "../boxes/box-life.ts";

/** No line of a history is longer, in bytes. */
export const MAX_LINE_BYTES = 16 * 1024;
/** Longer texts of an event are cut, in characters. */
const MAX_TEXT = 2048;

/** Something that happened to a box, whichever process did it or saw it. */
export interface BoxEvent {
  /** ISO 8601, by the clock of the process that wrote it down. */
  readonly time: string;
  /**
   * `box.created`, `box.started`, `box.error`, `box.stopped`, `box.renamed`, `box.removed`; of a supervisor `box.health`, `box.offline`,
   * `box.expired`, `box.restarting`, `box.resting`; later versions may write others.
   */
  readonly event: string;
  readonly id: BoxId;
  /** Missing where the box's record could not be read. */
  readonly name?: string | undefined;
  /** Reference that it was created with. */
  readonly image?: string | undefined;
  /** Of `box.stopped`. */
  readonly exit?: BoxExit | undefined;
  /** Of `box.error`: why it did not start. */
  readonly error?: { readonly code: string | null; readonly message: string } | undefined;
  /** Of `box.health`: `starting`, `healthy` or `unhealthy`. */
  readonly health?: string | undefined;
  /** Of `box.restarting`: until it is started again, in ms. */
  readonly delayMs?: number | undefined;
  /** Of `box.restarting`: which restart it is, from 1. */
  readonly restart?: number | undefined;
  /** Of `box.resting`: why its policy does not start it again; see `RestReason`. */
  readonly why?: string | undefined;
}

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const schema = v.object({
  time: v.pipe(v.string(), v.isoTimestamp()),
  event: v.pipe(v.string(), v.regex(/^[a-z][a-z.-]{0,63}$/)),
  id: v.custom<BoxId>(isBoxId),
  name: v.optional(text),
  image: v.optional(text),
  exit: v.optional(
    v.object({
      exitCode: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
      signal: v.nullable(text),
      meaning: text,
      endedAt: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
    }),
  ),
  error: v.optional(v.object({ code: v.nullable(text), message: text })),
  health: v.optional(text),
  delayMs: v.optional(count),
  restart: v.optional(count),
  why: v.optional(text),
});

/** One line, with its newline. Long texts are cut. */
export function formatEvent(event: BoxEvent): string {
  const cut = (_key: string, value: unknown) => (typeof value === "string" ? value.slice(0, MAX_TEXT) : value);
  return `${JSON.stringify(event, cut)}\n`;
}

/** Undefined for what is no event. */
export function parseEvent(line: Uint8Array): BoxEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
  const result = v.safeParse(schema, json);
  return result.success ? result.output : undefined;
}
