import { type TarEntry as TestEntry, tarArchive } from "@a3s/testing";
import { expect, test } from "vitest";
import type { TarEntry } from "./entry.ts";
import { TarReader } from "./reader.ts";

interface Member extends TarEntry {
  readonly content: string;
}

/** Reads an archive in pieces of a size. */
function read(archive: Uint8Array, pieceBytes = archive.length, maxExtensionBytes = 1 << 20): readonly Member[] {
  const members: Member[] = [];
  let entry: TarEntry | undefined;
  let content = "";
  const reader = new TarReader(
    {
      entry(next) {
        entry = next;
        content = "";
      },
      data(chunk) {
        content += chunk.toString("latin1");
      },
      hole(bytes) {
        content += "\0".repeat(bytes);
      },
      end() {
        if (entry !== undefined) members.push({ ...entry, content });
      },
    },
    maxExtensionBytes,
  );
  for (let offset = 0; offset < archive.length; offset += pieceBytes) {
    reader.push(Buffer.from(archive.subarray(offset, offset + pieceBytes)));
  }
  reader.finish();
  return members;
}

const file = (path: string, content = "", rest: Partial<TestEntry & { type: "file" }> = {}): TestEntry => ({
  type: "file",
  path,
  content,
  ...rest,
});
/** An extension header as an entry of its own. */
const extension = (typeflag: string, body: string): TestEntry => file("ext", body, { header: { typeflag } });
const record = (text: string) => {
  const rest = ` ${text}\n`.length;
  return `${rest + String(rest + 2).length} ${text}\n`;
};

const SAMPLE: readonly TestEntry[] = [
  { type: "directory", path: "d", mtime: 5 },
  file("d/f", "content", { mode: 0o4755, uid: 1, gid: 2 }),
  file("x".repeat(300), "y".repeat(1024)),
  { type: "symlink", path: "l", target: "\u00e9".repeat(80) },
  { type: "hardlink", path: "h", target: "d/f" },
  { type: "fifo", path: "p" },
  { type: "character-device", path: "c", major: 1, minor: 3 },
];

test("an archive reads the same in pieces of any size", () => {
  const archive = tarArchive(SAMPLE);
  const whole = read(archive);
  expect(whole.map(({ type, path, content }) => [type, path.slice(0, 3), content.length])).toEqual([
    ["directory", "d/", 0],
    ["file", "d/f", 7],
    ["file", "xxx", 1024],
    ["symlink", "l", 0],
    ["hardlink", "h", 0],
    ["fifo", "p", 0],
    ["character-device", "c", 0],
  ]);
  expect(Buffer.from(whole[3]?.linkTarget ?? "", "latin1").toString()).toBe("\u00e9".repeat(80));
  for (const pieceBytes of [1, 3, 511, 512, 513, 1000]) expect(read(archive, pieceBytes)).toEqual(whole);
});

test.each<[string, readonly TestEntry[], Partial<Member>]>([
  ["GNU long name", [extension("L", "long\0"), file("short", "c")], { path: "long", content: "c" }],
  [
    "GNU long link target",
    [extension("K", "far\0"), { type: "symlink", path: "l", target: "near" }],
    { linkTarget: "far" },
  ],
  ["PAX path", [extension("x", record("path=p")), file("short", "c")], { path: "p", content: "c" }],
  [
    "PAX link path",
    [extension("x", record("linkpath=p")), { type: "hardlink", path: "l", target: "t" }],
    { linkTarget: "p" },
  ],
  [
    "GNU's long name wins over PAX, as in Go",
    [extension("x", record("path=p")), extension("L", "g\0"), file("s")],
    { path: "g" },
  ],
  [
    "PAX before GNU does not change how long GNU's body is",
    [extension("x", record("size=0")), extension("L", "g\0"), file("s")],
    { path: "g", size: 0 },
  ],
  [
    "PAX size",
    [extension("x", record("size=4")), file("s", "1234", { header: { size: "00000000000" } })],
    { size: 4, content: "1234" },
  ],
  ["a global header with a comment", [extension("g", record("comment=hello")), file("s")], { path: "s" }],
  ["ustar prefix", [file("name", "", { header: { prefix: "pre/fix" } })], { path: "pre/fix/name" }],
  [
    "the prefix field is not a prefix for GNU",
    [file("name", "", { header: { magic: "ustar ", version: " \0", prefix: "12345" } })],
    { path: "name" },
  ],
  [
    "GNU device numbers",
    [{ type: "block-device", path: "b", major: 8, minor: 1, header: { magic: "ustar ", version: " \0" } }],
    { deviceMajor: 8, deviceMinor: 1 },
  ],
  [
    "a V7 directory is a file whose name ends in a slash",
    [file("d/", "", { header: { typeflag: "\0", magic: "\0\0\0\0\0\0" } })],
    { type: "directory" },
  ],
  [
    "a file whose name ends in a slash is one, as for Go",
    [file("s/", "content")],
    { type: "file", path: "s/", content: "content" },
  ],
  [
    "UstarGnuConflict: a prefix where GNU has times, as Docker once wrote it",
    [file("name", "", { header: { magic: "ustar ", version: " \0", prefix: "root/.cpanm/work" } })],
    { path: "root/.cpanm/work/name" },
  ],
  [
    "GNU's magic with another version is no GNU header",
    [
      {
        type: "block-device",
        path: "b",
        major: 8,
        minor: 1,
        header: { magic: "ustar ", version: "00", prefix: "x/y" },
      },
    ],
    { path: "b", deviceMajor: 0, deviceMinor: 0 },
  ],
  [
    "the last PAX record of a keyword counts",
    [extension("x", record("path=a") + record("path=b")), file("s")],
    { path: "b" },
  ],
  ["an empty PAX path leaves the header's", [extension("x", record("path=")), file("s")], { path: "s" }],
  ["a long name up to its first NUL", [extension("L", "name\0hidden"), file("s")], { path: "name" }],
  ["TypeXGlobalHeader: an empty global header", [extension("g", ""), file("s")], { path: "s" }],
  ["a contiguous file is a file", [file("s", "c", { header: { typeflag: "7" } })], { type: "file", content: "c" }],
  [
    "a directory has no content, whatever its size says",
    [{ type: "directory", path: "d", header: { size: "00000010000" } }, file("s")],
    { type: "directory", size: 0 },
  ],
  ["base 256 owner", [file("s", "", { header: { uid: Buffer.from("8000000080000001", "hex") } })], { path: "s" }],
])("%s", (_, entries, expected) => {
  expect(read(tarArchive(entries))[0]).toMatchObject(expected);
});

test.each<[string, readonly TestEntry[], string]>([
  ["a wrong checksum", [file("s", "", { header: { checksum: "0000000\0" } })], "LAYER_INVALID"],
  [
    "a negative size",
    [file("s", "", { header: { size: Buffer.from("ffffffffffffffffffffffff", "hex") } })],
    "LAYER_INVALID",
  ],
  ["a size that is no number", [file("s", "", { header: { size: "12345x" } })], "LAYER_INVALID"],
  ["a negative owner", [file("s", "", { header: { uid: Buffer.from("ffffffffffffffff", "hex") } })], "LAYER_INVALID"],
  ["the owner that chown takes for none", [file("s", "", { pax: { uid: "4294967295" } })], "LAYER_INVALID"],
  ["a V7 directory with content", [file("s/", "content", { header: { typeflag: "\0" } })], "LAYER_INVALID"],
  ["an unknown type", [file("s", "", { header: { typeflag: "Z" } })], "LAYER_UNSUPPORTED"],
  ["a global header that moves entries", [extension("g", record("path=p")), file("s")], "LAYER_UNSUPPORTED"],
  ["a global header that owns entries", [extension("g", record("uid=5")), file("s")], "LAYER_UNSUPPORTED"],
  ["a NUL in a PAX path", [extension("x", record("path=a\0b")), file("s")], "LAYER_INVALID"],
  ["a PAX header cut off by its size", [extension("x", "30 path=x"), file("s")], "LAYER_INVALID"],
  [
    "two PAX headers for one entry",
    [extension("x", record("path=a")), extension("x", record("path=b")), file("s")],
    "LAYER_INVALID",
  ],
  [
    "a global header between an entry and its own",
    [extension("x", record("path=a")), extension("g", ""), file("s")],
    "LAYER_INVALID",
  ],
  ["an extension header without an entry", [file("s"), extension("x", record("path=a"))], "LAYER_INVALID"],
  ["an entry after a zero block", [file("s"), { type: "raw", bytes: new Uint8Array(512) }, file("t")], "LAYER_INVALID"],
  ["bytes that are no tar", [{ type: "raw", bytes: new Uint8Array(1024).fill(1) }], "LAYER_INVALID"],
  [
    "an extension header above the limit",
    [extension("x", record(`comment=${"x".repeat(5000)}`)), file("s")],
    "LAYER_TOO_LARGE",
  ],
])("%s is refused", (_, entries, code) => {
  const archive = tarArchive(entries);
  expect(() => read(archive, archive.length, 4096)).toThrow(expect.objectContaining({ code }));
});

test("the size of PAX counts, so that no entry hides in a file's content", () => {
  // CVE-2025-62518: who believes the header's size of 0 takes the content for the next header.
  const hidden = tarArchive([file("hidden", "x")], { unterminated: true });
  const outer: TestEntry = {
    type: "file",
    path: "outer",
    content: hidden,
    pax: { size: String(hidden.length) },
    header: { size: "00000000000\0" },
  };
  expect(read(tarArchive([outer, file("next")])).map(({ path }) => path)).toEqual(["outer", "next"]);
});

test("an archive may lack its end, not the end of an entry", () => {
  expect(read(tarArchive([file("s", "c")], { unterminated: true }))).toHaveLength(1);
  const archive = tarArchive([file("s", "content")], { unterminated: true });
  for (const cut of [1, 511, 513, 519, 1023]) {
    expect(() => read(archive.subarray(0, cut))).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
  }
});

test("whatever follows the end of the archive is no entry", () => {
  const archive = Buffer.concat([tarArchive([file("a")]), tarArchive([file("b")])]);
  expect(read(archive).map(({ path }) => path)).toEqual(["a"]);
});
