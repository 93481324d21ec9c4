import { expect, test } from "vitest";
import { compareEntries } from "./compare-entries.ts";
import { byteStringOf, type ManifestEntry, nameBytes, sortKey } from "./manifest-entry.ts";

const file: ManifestEntry = {
  path: "etc/passwd",
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: "1700000000000000001",
  links: 1,
  size: 5,
  sha256: "ab",
  xattrs: [["user.note", "eA=="]],
};

test("the same entry has no differences", () => {
  expect(compareEntries(file, structuredClone(file))).toEqual([]);
});

test.each<Partial<ManifestEntry>>([
  { mode: 0o4644 },
  { uid: 1 },
  { gid: 1 },
  { mtime: "1700000000000000002" },
  { links: 2 },
  { size: 6 },
  { sha256: "cd" },
  { xattrs: [["user.note", "eQ=="]] },
])("%j is a difference in that field", (change) => {
  const [field, actual] = Object.entries(change)[0] ?? [];
  const expected = file[field as keyof ManifestEntry];
  expect(compareEntries(file, { ...file, ...change })).toEqual([
    { path: "etc/passwd", kind: "changed", field, expected, actual },
  ]);
});

test("an attribute that appears or goes is a difference", () => {
  const { xattrs: _, ...bare } = file;
  expect(compareEntries(bare, file)).toMatchObject([{ field: "xattrs", expected: undefined }]);
  expect(compareEntries(file, bare)).toMatchObject([{ field: "xattrs", actual: undefined }]);
});

test("of a file of another type, only the type is reported", () => {
  expect(compareEntries(file, { ...file, type: "fifo", mode: 0, size: 0 })).toMatchObject([{ field: "type" }]);
});

test.each(["plain", "ä€😀", "\u2028", "\xff\xfe", "a\xc3", ""])("the bytes of the name %j come back", (text) => {
  const bytes = Buffer.from(text, text.includes("\xff") || text.includes("\xc3") ? "latin1" : "utf8").toString(
    "latin1",
  );
  expect(byteStringOf(JSON.parse(JSON.stringify(nameBytes(bytes))))).toBe(bytes);
});

test("a directory comes before what it holds, and that before the next name", () => {
  const paths = ["a-b", "a/b", "a", "a/b/c", "a.", "", "b"];
  const sorted = paths.toSorted((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1));
  expect(sorted).toEqual(["", "a", "a/b", "a/b/c", "a-b", "a.", "b"]);
});
