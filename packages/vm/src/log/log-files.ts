import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unlessMissing } from "@a3s/core";

/** No record is longer: native/vm-host/PROTOCOL.md, "Log". */
export const MAX_RECORD_BYTES = 128 * 1024;

/** The numbers of a log's files, oldest first. Empty when there is no log. */
export async function logNumbers(path: string): Promise<readonly number[]> {
  const prefix = `${basename(path)}.`;
  const names = (await unlessMissing(readdir(dirname(path)))) ?? [];
  return names
    .filter((name) => name.startsWith(prefix) && /^\d{6,15}$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
}

/** The path of one of them. */
export function logFile(path: string, number: number): string {
  return join(dirname(path), `${basename(path)}.${String(number).padStart(6, "0")}`);
}

/** Removes all of a log. */
export async function removeLog(path: string): Promise<void> {
  for (const number of await logNumbers(path)) await rm(logFile(path, number), { force: true });
}
