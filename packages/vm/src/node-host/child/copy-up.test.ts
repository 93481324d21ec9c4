import { expect, test } from "vitest";
import { executableMappings, findNumber } from "./copy-up.ts";

const answer = Buffer.from([2, 0, 0, 0, 95, 0, 0, 0]);
const request = Buffer.from([0x02, 0x76, 0, 0]);
const code = (gap: number) => Buffer.concat([Buffer.from([0x49, 0xbc]), answer, Buffer.alloc(gap, 0x90), request]);

test("the one answer before the request is found", () => {
  expect(findNumber(Buffer.concat([Buffer.alloc(100), code(10), Buffer.alloc(100)]))).toBe(100 + 2 + 4);
});

test.each([
  ["nothing", Buffer.alloc(4096)],
  ["the answer alone", answer],
  ["a request that is too far away", code(64)],
  ["two answers", Buffer.concat([code(10), code(10)])],
])("%s is left alone", (_, text) => {
  expect(findNumber(text)).toBeUndefined();
});

test("of the mappings, those with the library's instructions are taken", () => {
  const maps = [
    "1000-3000 r--p 00000000 fe:00 12 /l/libkrun.so.1",
    "3000-9000 r-xp 00002000 fe:00 12                        /l/libkrun.so.1",
    "a000-b000 r-xp 00002000 fe:00 12 /l/other.so",
    "c000-d000 rw-p 00000000 00:00 0 ",
    "",
  ].join("\n");
  expect(executableMappings(maps, "/l/libkrun.so.1")).toEqual([{ start: 0x3000, bytes: 0x6000 }]);
});
