import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseEndReport, parseFailureLine, readExitRecord } from "./exit-record.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const at = { startedAt: "2026-01-01T00:00:00.000Z", endedAt: "2026-01-01T00:00:09.000Z" };
const good = {
  version: 1,
  code: 0,
  signal: null,
  cause: "guest",
  ...at,
  failure: null,
  log: { records: 0, bytes: 0 },
} as const;

async function read(content: string) {
  const path = join(directory, "exit.json");
  await writeFile(path, content);
  return await readExitRecord(path);
}

test("a record is read as it was written, and fields of later versions are left out", async () => {
  expect(await read(JSON.stringify(good))).toEqual(good);
  expect(await read(`${JSON.stringify({ ...good, cpuMs: 7 })}\n`)).toEqual(good);
});

test.each([
  ["nothing", ""],
  ["no JSON", "{"],
  ["no record", "[]"],
  ["another version", JSON.stringify({ ...good, version: 2 })],
  ["a code out of range", JSON.stringify({ ...good, code: 256 })],
  ["a signal out of range", JSON.stringify({ ...good, signal: 0 })],
  ["a cause that is none", JSON.stringify({ ...good, cause: "bad luck" })],
  ["a time that is none", JSON.stringify({ ...good, endedAt: "yesterday" })],
  ["more than a record can be", `${JSON.stringify(good)}${" ".repeat(64 * 1024)}`],
])("%s is not believed", async (_, content) => {
  expect(await read(content)).toBeUndefined();
});

test("a record that is not there is none", async () => {
  expect(await readExitRecord(join(directory, "none"))).toBeUndefined();
});

test("the last event on stdout holds the record, or there is none", () => {
  expect(parseEndReport(JSON.stringify({ event: "ended", exit: good }))).toEqual(good);
  for (const line of ["", '{"event":"starting","pid":7}', JSON.stringify(good)])
    expect(parseEndReport(line)).toBeUndefined();
});

test("the failure is the last line of stderr, or there is none", () => {
  const failure = { stage: "call", what: "krun_set_root", errno: 2, message: "No such file or directory" };
  expect(parseFailureLine(`a warning\n${JSON.stringify(failure)}\n`)).toEqual(failure);
  for (const stderr of ["", "\n", "killed", `${JSON.stringify(failure)}\nand more`, '{"stage":"else"}']) {
    expect(parseFailureLine(stderr)).toBeUndefined();
  }
});
