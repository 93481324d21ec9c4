import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing, writeFileAtomic } from "@a3s/core";
import * as v from "valibot";
import type { BoxPlace } from "../boxes/box-place.ts";
import type { BoxRecord } from "../boxes/box-record.ts";
import { runPaths } from "../boxes/box-runs.ts";
import { type BoxHealth, MAX_CHECKS, MAX_OUTPUT_BYTES } from "./health-state.ts";

/** JSON takes up to six bytes for one of output. */
const MAX_RECORD_BYTES = MAX_CHECKS * (6 * MAX_OUTPUT_BYTES + 1024);

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const schema = v.strictObject({
  version: v.literal(1),
  status: v.picklist(["starting", "healthy", "unhealthy"]),
  failingStreak: count,
  checks: v.pipe(
    v.array(
      v.strictObject({
        at: v.pipe(v.string(), v.isoTimestamp()),
        durationMs: count,
        exitCode: v.nullable(count),
        output: v.string(),
      }),
    ),
    v.maxLength(MAX_CHECKS),
  ),
});

/** The health of a run as its supervisor last wrote it down; undefined when it has not, or nobody can make sense of it. */
export async function readHealth(place: BoxPlace, record: BoxRecord): Promise<BoxHealth | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await unlessMissing(open(healthPath(place, record), flags));
  if (file === undefined) return undefined;
  const found = await file.stat();
  if (!found.isFile() || found.size > MAX_RECORD_BYTES) return undefined;
  try {
    const { version: _, ...health } = v.parse(schema, JSON.parse(await file.readFile("utf8")));
    return health;
  } catch {
    return undefined;
  }
}

/** Only a supervisor writes it, of which there is one. Without room for it, and when the run is over, it stays as it was. */
export async function writeHealth(place: BoxPlace, record: BoxRecord, health: BoxHealth): Promise<void> {
  try {
    const text = `${JSON.stringify({ version: 1, ...health })}\n`;
    await writeFileAtomic(healthPath(place, record), text, { mode: 0o600 });
  } catch (error) {
    if (!/^(ENOENT|ENOSPC|EDQUOT)$/.test((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/** Forgets it, for a box whose health is not found out any more. */
export async function removeHealth(place: BoxPlace, record: BoxRecord): Promise<void> {
  await rm(healthPath(place, record), { force: true });
}

/** It goes with its run. */
function healthPath(place: BoxPlace, record: BoxRecord): string {
  return join(runPaths(place, record).directory, "health.json");
}
