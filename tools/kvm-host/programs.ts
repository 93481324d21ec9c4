import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { KvmHostError } from "./errors.ts";
import { programs } from "./packages.mjs";

/** Where programs are looked for: an unprivileged user's PATH often lacks the sbin directories. */
export const searchPath = [process.env["PATH"], "/usr/sbin", "/sbin"].filter(Boolean).join(delimiter);

/** The path of a program, or undefined. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

/** Fails with one sentence that names everything that is missing and how to get it. */
export async function requirePrograms(): Promise<void> {
  const missing = new Set<string>();
  for (const [program, debianPackage] of Object.entries(programs)) {
    if ((await findProgram(program)) === undefined) missing.add(debianPackage);
  }
  if (missing.size === 0) return;
  const names = [...missing].join(" ");
  throw new KvmHostError(
    "REQUIREMENT_MISSING",
    `The emulated KVM host needs programs that are not installed: run "apt-get install --no-install-recommends ${names}" as root.`,
  );
}

/** Runs a program to its end and returns what it wrote to stdout. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    ...options,
    env: { ...process.env, PATH: searchPath, LC_ALL: "C" },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
