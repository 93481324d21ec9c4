import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LibkrunFiles } from "../src/index.ts";

/** Compiles fake-libkrun.c into a directory, with the given macros. */
export async function buildFakeLibkrun(directory: string, macros: readonly string[] = []): Promise<LibkrunFiles> {
  const name = ["libkrun", ...macros].join("-").toLowerCase();
  const path = join(directory, `${name}.so.1`);
  const source = join(import.meta.dirname, "fake-libkrun.c");
  await promisify(execFile)("gcc", [
    ...["-shared", "-fPIC", "-O1", "-Wall", "-Werror"],
    ...macros.map((macro) => `-D${macro}`),
    ...["-o", path, source],
  ]);
  // It needs no kernel; vm-host wants a second library, so it gets the same once more.
  return { libkrun: path, libkrunfw: path, source: "environment" };
}
