import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { printable, readTail, TAIL_BYTES, TailBuffer } from "./tail.ts";

test("only the end is kept", () => {
  const tail = new TailBuffer();
  for (let index = 0; index < 10_000; index++) tail.add(Buffer.from(`${index % 10}`));
  tail.add(Buffer.from("the end"));
  expect(tail.text).toHaveLength(TAIL_BYTES);
  expect(tail.text).toMatch(/^\d+the end$/);
});

test("the end of a file is read, and a file that is not there has none", async () => {
  const directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  try {
    const path = join(directory, "console.log");
    expect(await readTail(path)).toBe("");
    await writeFile(path, "short");
    expect(await readTail(path)).toBe("short");
    await writeFile(path, `${"x".repeat(TAIL_BYTES)}the end`);
    expect(await readTail(path)).toBe(`${"x".repeat(TAIL_BYTES - 7)}the end`);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("what would steer a terminal is taken out; lines and tabs stay", () => {
  expect(printable("a\u001b[31mred\u001b[0m\tb\r\nc\u0007\u009b2J\u001b]0;title\u0007")).toBe("ared\tb\nc2J]0;title");
  expect(printable("gr\u00fc\u00dfe")).toBe("gr\u00fc\u00dfe");
});
