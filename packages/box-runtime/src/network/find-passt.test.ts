import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findPasst, requirePasst } from "./find-passt.ts";

let directory: string;
const at = (...names: string[]) => join(directory, ...names);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-passt-"));
  for (const name of ["has", "text", "directory"]) await mkdir(at(name));
  await mkdir(at("directory", "passt"));
  for (const name of ["has", "text"]) await writeFile(at(name, "passt"), "");
  await chmod(at("has", "passt"), 0o755);
  await chmod(at("text", "passt"), 0o644);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test("passt is the first program of that name that PATH leads to", async () => {
  const path = [at("missing"), at("text"), at("directory"), at("has")].join(":");
  expect(await findPasst(path)).toBe(at("has", "passt"));
});

test("no place is one that depends on where this process is", async () => {
  expect(await findPasst(`:${relative(process.cwd(), at("has"))}`)).toBeUndefined();
});

test("where it is missing, that is said with how to come by it", async () => {
  await expect(requirePasst(at("missing"))).rejects.toMatchObject({
    code: "NETWORK_UNENFORCEABLE",
    hint: expect.stringContaining("Install passt"),
  });
});
