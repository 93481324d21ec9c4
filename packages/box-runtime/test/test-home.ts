import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Census, takeCensus } from "@a3s/testing";
import { afterEach, beforeEach, expect } from "vitest";
import { createRuntime, type Runtime } from "../src/index.ts";

/** What a home keeps that has had boxes: locks, and what was told of them; and where networks had their sockets. */
const KEPT = /^(boxes\/\.(lock|locks|staging|history|supervisor)(\/|$)|run\/net$)/;

/** Where the tests of a file have their boxes; each has its own. */
export interface TestHome {
  readonly home: string;
}

/** A home directory for each test of the file, which has to leave it, and the machine, as they were. */
export function homeForEach(): TestHome {
  const at = { home: "" };
  let before: Census;
  beforeEach(async () => {
    at.home = await mkdtemp(join(tmpdir(), "a3s-home-"));
    before = await takeCensus(at.home);
  });
  afterEach(async () => {
    expect(await takeCensus(at.home)).toEqual(before);
    await rm(at.home, { recursive: true, force: true });
  });
  return at;
}

/** The same with a runtime, whose boxes are removed after each test; what a home keeps of boxes may stay. */
export function runtimeForEach(): TestHome & { readonly runtime: Runtime } {
  const at = { home: "", runtime: createRuntime({ home: tmpdir() }) };
  let before: Census;
  beforeEach(async () => {
    at.home = await mkdtemp(join(tmpdir(), "a3s-home-"));
    at.runtime = createRuntime({ home: at.home });
    before = await takeCensus(at.home);
  });
  afterEach(async () => {
    const { boxes } = at.runtime;
    for (const { id } of await boxes.list()) await boxes.remove(id, { force: true });
    await at.runtime.open();
    const { files, ...rest } = await takeCensus(at.home);
    expect({ ...rest, files: files.filter((name) => !KEPT.test(name)) }).toEqual(before);
    await rm(at.home, { recursive: true, force: true });
  });
  return at;
}
