import { execFile } from "node:child_process";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Where proto/buf.gen.yaml puts the TypeScript, relative to the repository. */
const GENERATED = ["packages/agent-client/src/gen", "packages/testing/src/gen"];

/** Writes the TypeScript of every wire message anew. */
export async function generateWire(repository: string): Promise<void> {
  await run("buf", ["generate"], { cwd: join(repository, "proto") });
}

/** What buf finds wrong in the definitions; empty when nothing. */
export async function lintWire(repository: string): Promise<string[]> {
  return await findings(repository, ["lint"]);
}

/** The definitions of the last release, as buf's image, relative to `proto/`. */
const released = "released.binpb";

/** What in the definitions breaks programs that were made with those of the last release; empty when nothing. */
export async function breakingWire(repository: string): Promise<string[]> {
  return await findings(repository, ["breaking", "--against", released]);
}

/** Makes the definitions those of the last release: a part of releasing, and of nothing else. */
export async function releaseWire(repository: string): Promise<void> {
  await run("buf", ["build", "--exclude-source-info", "--output", released], { cwd: join(repository, "proto") });
}

async function findings(repository: string, args: readonly string[]): Promise<string[]> {
  return await run("buf", args, { cwd: join(repository, "proto") }).then(
    () => [],
    (error: { stdout?: string; message: string }) => (error.stdout || error.message).trimEnd().split("\n"),
  );
}

/** The generated files that are not what the definitions give, one sentence each. */
export async function staleWire(repository: string): Promise<string[]> {
  const fresh = await mkdtemp(join(tmpdir(), "a3s-generate-"));
  try {
    // The template's "out" begins with "..": a folder in between makes it end up in `fresh`.
    await run("buf", ["generate", "--output", join(fresh, "proto")], { cwd: join(repository, "proto") });
    const findings: string[] = [];
    for (const directory of GENERATED) {
      const [committed, made] = await Promise.all([repository, fresh].map((root) => contents(join(root, directory))));
      findings.push(...differences(directory, committed as Files, made as Files));
    }
    return findings;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

type Files = ReadonlyMap<string, string>;

/** How the committed files of a directory differ from those that were just generated. */
export function differences(directory: string, committed: Files, fresh: Files): string[] {
  const paths = [...new Set([...committed.keys(), ...fresh.keys()])].sort();
  return paths.flatMap((path) => {
    const file = `${directory}/${path}`;
    if (!fresh.has(path)) return [`${file} comes from no definition`];
    if (!committed.has(path)) return [`${file} is missing`];
    return committed.get(path) === fresh.get(path) ? [] : [`${file} is stale`];
  });
}

async function contents(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const path of glob("**/*.ts", { cwd: directory }))
    files.set(path, await readFile(join(directory, path), "utf8"));
  return files;
}
