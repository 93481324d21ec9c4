import { expect, test } from "vitest";
import type { TarEntry } from "./entry.ts";
import { TarReader } from "./reader.ts";
import { TAR_END, tarHeader } from "./write-header.ts";

const plain: TarEntry = {
  type: "fifo",
  path: "a",
  linkTarget: "",
  size: 0,
  attributes: { mode: 0o644, uid: 0, gid: 0, mtime: { sec: 5, nsec: 0 }, xattrs: undefined },
  deviceMajor: 0,
  deviceMinor: 0,
};
const attributes = (rest: Partial<TarEntry["attributes"]>) => ({ attributes: { ...plain.attributes, ...rest } });

function reread(entry: TarEntry): TarEntry[] {
  const found: TarEntry[] = [];
  const sink = { entry: (each: TarEntry) => found.push(each), data() {}, hole() {}, end() {} };
  const reader = new TarReader(sink, 1024 * 1024);
  reader.push(Buffer.concat([tarHeader(entry), TAR_END]));
  reader.finish();
  return found;
}

test.each<[string, Partial<TarEntry>]>([
  ["what fits into ustar", {}],
  ["a name of 100 bytes", { path: "n".repeat(100) }],
  ["a name of 101 bytes", { path: "n".repeat(101) }],
  ["a name whose record's length has another digit with itself", { path: "n".repeat(989) }],
  ["a name that is no UTF-8", { path: "\xff\xfe" }],
  ["a long target", { type: "symlink", linkTarget: "t".repeat(300) }],
  ["large owners", attributes({ uid: 3_000_000, gid: 0xffff_fffe })],
  ["nanoseconds", attributes({ mtime: { sec: 5, nsec: 7 } })],
  ["a time before 1970", attributes({ mtime: { sec: -6, nsec: 500_000_000 } })],
  ["half a second before 1970", attributes({ mtime: { sec: -1, nsec: 500_000_000 } })],
  ["whole seconds before 1970", attributes({ mtime: { sec: -6, nsec: 0 } })],
  ["every mode bit", attributes({ mode: 0o7777 })],
  ["extended attributes", attributes({ xattrs: new Map([["user.a\xff", Uint8Array.of(10, 0, 61, 255, 10)]]) })],
  ["a device", { type: "block-device", deviceMajor: 8, deviceMinor: 1000 }],
])("%s is read as it was written", (_name, rest) => {
  const entry = { ...plain, ...rest };
  expect(reread(entry)).toEqual([entry]);
});

test("every length of a record counts itself", () => {
  for (let length = 101; length < 1200; length++) {
    const path = "n".repeat(length);
    expect(reread({ ...plain, path })[0]?.path).toBe(path);
  }
});

test("a directory's name ends in a slash", () => {
  expect(reread({ ...plain, type: "directory" })[0]?.path).toBe("a/");
});
