import { open } from "node:fs/promises";
import * as v from "valibot";
import { droppedLog } from "../log/log-entry.ts";

/** Far more than vm-host writes. */
const MAX_RECORD_BYTES = 64 * 1024;

/** The shape of a {@link StartFailure}. */
export const startFailure = v.object({
  stage: v.picklist(["spec", "load", "jail", "call", "program"]),
  what: v.string(),
  errno: v.pipe(v.number(), v.integer()),
  message: v.string(),
});

const record = v.object({
  version: v.literal(1),
  code: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
  cause: v.picklist(["guest", "panic", "vmm", "stopped", "creator", "signal", "start"]),
  signal: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64))),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  endedAt: v.pipe(v.string(), v.isoTimestamp()),
  failure: v.nullable(startFailure),
  fault: v.optional(v.nullable(v.string())),
  log: droppedLog,
});

/** Why a VM process could not become a VM, as native/vm-host/PROTOCOL.md has it. */
export interface StartFailure {
  /** What failed: the request itself, loading a library, building the jail, a call of libkrun, or a program at the other end of a network card. */
  readonly stage: "spec" | "load" | "jail" | "call" | "program";
  /** A field, a path, a system call, a function of libkrun or a program. */
  readonly what: string;
  /** Linux error number; 0 when it was no system error. */
  readonly errno: number;
  readonly message: string;
}

/** What vm-host recorded of a VM's end. */
export type ExitRecord = Readonly<v.InferOutput<typeof record>>;

/** Reads `exit.json`; undefined when there is none, or none that can be believed. */
export async function readExitRecord(path: string): Promise<ExitRecord | undefined> {
  try {
    await using file = await open(path, "r");
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_RECORD_BYTES + 1));
    if (bytesRead > MAX_RECORD_BYTES) return undefined;
    return v.parse(record, JSON.parse(buffer.toString("utf8", 0, bytesRead)));
  } catch {
    return undefined;
  }
}

/** The record within the last event that vm-host said on stdout; undefined when that line is something else. */
export function parseEndReport(line: string): ExitRecord | undefined {
  const event = v.pipe(v.string(), v.parseJson(), v.object({ event: v.literal("ended"), exit: record }));
  const result = v.safeParse(event, line);
  return result.success ? result.output.exit : undefined;
}

/** The failure that vm-host said on its last line of stderr; undefined when that line is something else. */
export function parseFailureLine(stderr: string): StartFailure | undefined {
  const last = stderr.trimEnd().split("\n").at(-1);
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), startFailure), last);
  return result.success ? result.output : undefined;
}
