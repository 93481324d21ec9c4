import { expect, test } from "vitest";
import { ReadMemory } from "./read-memory.ts";

const KIB = 1024;

test("what was read is never read over, and a block is used until little is left of it", () => {
  const memory = new ReadMemory();
  const taken: Uint8Array[] = [];
  for (let read = 0; read < 50; read++) {
    const space = memory.space();
    expect(space.length).toBeGreaterThanOrEqual(64 * KIB);
    space.fill(read, 0, 30 * KIB);
    taken.push(memory.take(30 * KIB));
  }
  for (const [read, bytes] of taken.entries()) expect(bytes.every((byte) => byte === read)).toBe(true);
  // 192 KiB of each 256 are given away before the next one.
  expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(Math.ceil(50 / 7));
});
