import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing } from "@a3s/core";

/** The numbers of a history's files, oldest first. Empty where there is none. */
export async function historyNumbers(directory: string): Promise<readonly number[]> {
  const names = (await unlessMissing(readdir(directory))) ?? [];
  return names
    .filter((name) => /^\d{6,15}$/.test(name))
    .map(Number)
    .toSorted((one, other) => one - other);
}

/** The path of one of them. */
export function historyFile(directory: string, number: number): string {
  return join(directory, String(number).padStart(6, "0"));
}
