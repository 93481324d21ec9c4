import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { linesBackwards } from "./lines-backwards.ts";
import { logFile } from "./log-files.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function backwards(...files: readonly string[]): Promise<[number: number, offset: number, line: string][]> {
  const path = join(directory, "log");
  for (const [index, content] of files.entries()) await writeFile(logFile(path, index + 1), content);
  const lines = await Array.fromAsync(linesBackwards(path));
  return lines.map(({ number, offset, line }) => [number, offset, Buffer.from(line).toString()]);
}

test("lines come from the last to the first, through all files, each with its place", async () => {
  expect(await backwards("one\n\ntwo\n", "", "three\ncut off")).toEqual([
    [3, 6, "cut off"],
    [3, 0, "three\n"],
    [1, 5, "two\n"],
    [1, 4, "\n"],
    [1, 0, "one\n"],
  ]);
});

test("a line across blocks is whole, and what is no line at all is not held", async () => {
  const long = "x".repeat(100_000);
  expect(await backwards(`${long}\nend\n`)).toEqual([
    [1, 100_001, "end\n"],
    [1, 0, `${long}\n`],
  ]);
  const lines = await backwards(`first\n${"y".repeat(3_000_000)}\nend\n`);
  expect(lines.map(([, offset]) => offset)).toEqual([3_000_007, 6, 0]);
  expect(lines[1]?.[2].length).toBeLessThan(200_000);
});

test("other files are none of the log's, and a link is not followed", async () => {
  await writeFile(join(directory, "log"), "no\n");
  await writeFile(join(directory, "log.1"), "no\n");
  await writeFile(join(directory, "log.000001.tmp"), "no\n");
  expect(await backwards()).toEqual([]);
  await symlink("/etc/passwd", join(directory, "log.000007"));
  await expect(backwards()).rejects.toMatchObject({ code: "ELOOP" });
});
