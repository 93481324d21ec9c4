import { expect, test } from "vitest";
import { parseDiskUse, readDiskUse } from "./disk-use.ts";

test("what reached the host's disks counts, not what was in memory", () => {
  const text =
    "rchar: 9\nwchar: 9\nsyscr: 9\nsyscw: 9\nread_bytes: 4096\nwrite_bytes: 12288\ncancelled_write_bytes: 8192\n";
  expect(parseDiskUse(text)).toEqual({ readBytes: 4096, writtenBytes: 4096 });
  expect(parseDiskUse(text.replace("8192", "99999"))).toEqual({ readBytes: 4096, writtenBytes: 0 });
});

test("a system that does not tell, and a process that is gone, have none", async () => {
  expect(parseDiskUse("")).toBeUndefined();
  expect(parseDiskUse("read_bytes: x\n")).toBeUndefined();
  expect(await readDiskUse(2 ** 30)).toBeUndefined();
  expect(await readDiskUse(process.pid)).toEqual({ readBytes: expect.any(Number), writtenBytes: expect.any(Number) });
});
