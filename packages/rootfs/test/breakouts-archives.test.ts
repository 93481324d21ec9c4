import { type TarEntry, tarArchive } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, hard, link } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

/*
 * Archives that readers have understood differently: the PAX cases of astral's tokio-tar (CVE-2025-62518 and what followed), the
 * advisories of node-tar of 2026, and what moby has met. The danger is an entry that a scanner does not see and an extractor does.
 */

const record = (text: string) => {
  const rest = ` ${text}\n`.length;
  return `${rest + String(rest + 2).length} ${text}\n`;
};
const extension = (typeflag: string, body: string): TarEntry => file("ext", body, { header: { typeflag } });
const pax = (...records: readonly string[]) => extension("x", records.map(record).join(""));
const hidden = (...entries: readonly TarEntry[]) => Buffer.from(tarArchive(entries, { unterminated: true }));
const SMUGGLED = hidden(link("smuggled", "/etc"), file("smuggled/x"));
const octal = (size: number) => `${size.toString(8).padStart(11, "0")}\0`;

test.each<[string, readonly TarEntry[], Readonly<Record<string, string>>]>([
  [
    "pax-phantom-entry: the content of a file whose header says 0 bytes is no entry",
    [pax(`size=${SMUGGLED.length}`), file("file_a", SMUGGLED, { header: { size: octal(0) } }), file("file_b")],
    { file_a: `= ${SMUGGLED.toString()}`, file_b: "= 1" },
  ],
  [
    "pax-hidden-entry: what follows a file of 0 bytes is an entry, whatever the header says",
    [pax("size=0"), file("file_a", "", { header: { size: octal(1024) } }), file("file_b", "2"), file("hidden", "3")],
    { file_a: "= ", file_b: "= 2", hidden: "= 3" },
  ],
  [
    "pax-overrides-extension-header: PAX's size is the file's, not that of the long name between them",
    [
      pax("size=2048"),
      extension("L", "longname.txt\0"),
      file("file_a", "x".repeat(2048), { header: { size: octal(0) } }),
      file("file_b"),
    ],
    { "longname.txt": `= ${"x".repeat(2048)}`, file_b: "= 1" },
  ],
  [
    "pax-header-precedence: the size of PAX counts for one entry only",
    [
      file("normal.txt", "n"),
      pax(`size=${SMUGGLED.length}`, "path=blob.bin"),
      file("raw", SMUGGLED, { header: { size: octal(512) } }),
      file("marker.txt", "m"),
    ],
    { "normal.txt": "= n", "blob.bin": `= ${SMUGGLED.toString()}`, "marker.txt": "= m" },
  ],
  [
    "a path in the value of an extended attribute is no path",
    [pax("SCHILY.xattr.user.a=\n16 path=smuggled\n"), file("file_a")],
    { file_a: "= 1" },
  ],
  [
    "pax path and GNU long name for one entry: GNU's, as in Go",
    [pax("path=pax-name"), extension("L", "gnu-name\0"), file("raw")],
    { "gnu-name": "= 1" },
  ],
  [
    "pax link path and GNU long link for one entry: GNU's, as in Go",
    [extension("K", "gnu-target\0"), pax("linkpath=pax-target"), link("l", "raw")],
    { l: "-> gnu-target" },
  ],
  [
    "a gzip stream as a file's content stays one",
    [file("f", Buffer.from("1f8b0800", "hex"))],
    { f: "= \x1f\ufffd\b\0" },
  ],
  [
    "many headers without an entry, and then one (node-tar 7.5.21)",
    [...Array.from({ length: 5000 }, (_, index) => extension("L", `name${index}\0`)), file("raw")],
    { name4999: "= 1" },
  ],
  [
    "CVE-2026-23745: a file written over a hard link leaves its target alone",
    [file("target", "kept"), hard("x", "target"), file("x", "new")],
    { target: "= kept", x: "= new" },
  ],
  [
    "a hard link over a file that came first (node-tar 7.5.14)",
    [file("target", "kept"), file("x", "old"), hard("x", "target"), file("x", "new")],
    { target: "= kept", x: "= new" },
  ],
  [
    "a link over the directory that is being filled (node-tar 7.5.13)",
    [dir("d"), file("d/x"), link("d", ".."), file("d/y", "2"), dir("d"), file("d/z", "3")],
    { y: "= 2", d: "/", "d/z": "= 3" },
  ],
  [
    "CVE-2026-31802: a link to a path with a drive is a link to a name with a colon",
    [link("l", "c:../../canary"), file("l/x", "2")],
    { l: "-> c:../../canary", "canary/x": "= 2" },
  ],
])("%s", async (_, entries, expected) => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain(entries));
  expect(treeOf(path)).toMatchObject(expected);
  expect(Object.keys(treeOf(path))).not.toContain("smuggled");
  await scratch.expectUntouched();
});

test.each<[string, readonly TarEntry[], string]>([
  ["CVE-2026-23745: a hard link to an absolute path", [hard("x", "/one/canary"), file("x", "2")], "LAYER_INVALID"],
  [
    "CVE-2026-26960: a hard link through a chain of links",
    [dir("a/b/c"), link("a/b/c/up", "../.."), link("a/b/escape", "c/up/../../.."), hard("x", "a/b/escape/canary")],
    "LAYER_INVALID",
  ],
  ["CVE-2026-29786: a hard link to a path with a drive", [hard("x", "c:../canary")], "LAYER_INVALID"],
  ["a PAX path that leaves the root", [pax("path=../canary"), file("innocent")], "LAYER_ESCAPE"],
  ["a GNU long name that leaves the root", [extension("L", "../canary\0"), file("innocent")], "LAYER_ESCAPE"],
  ["a PAX link path that leaves the root", [pax("linkpath=../canary"), hard("x", "innocent")], "LAYER_ESCAPE"],
  [
    "a sparse file's name that leaves the root",
    [
      pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=0", "GNU.sparse.name=../canary"),
      file("innocent", "0\n".padEnd(512, "\0")),
    ],
    "LAYER_ESCAPE",
  ],
  ["a prefix that leaves the root", [file("canary", "", { header: { prefix: ".." } })], "LAYER_ESCAPE"],
  ["NUL in a PAX path (node-tar 7.5.17)", [pax("path=innocent\0/../../canary"), file("x")], "LAYER_INVALID"],
  [
    "a negative size (node-tar 7.5.18)",
    [file("x", "", { header: { size: Buffer.from("ffffffffffffffffffffff00", "hex") } })],
    "LAYER_INVALID",
  ],
  [
    "a size beyond all numbers",
    [file("x", "", { header: { size: Buffer.from("800000007fffffffffffffff", "hex") } })],
    "LAYER_INVALID",
  ],
  [
    "a size larger than any file may have",
    [file("x", "", { header: { size: "77777777777\0" }, pax: { size: "9007199254740991" } })],
    "LAYER_TOO_LARGE",
  ],
  ["an unterminated PAX record", [extension("x", "18 path=innocent.."), file("x")], "LAYER_INVALID"],
  ["a PAX record that ends beyond its header", [extension("x", "1000 path=innocent\n"), file("x")], "LAYER_INVALID"],
  ["an extension header at the end", [file("x"), pax("path=y")], "LAYER_INVALID"],
  ["an empty file name", [file("", "2")], "LAYER_INVALID"],
  ["a global path", [extension("g", record("path=smuggled")), file("x")], "LAYER_UNSUPPORTED"],
  ["an octal size with garbage behind NUL", [file("x", "", { header: { size: "0000000\x001777" } })], "LAYER_INVALID"],
])("%s is refused", async (_, entries, code) => {
  await using scratch = await Scratch.create();

  await expect(scratch.apply(plain(entries))).rejects.toMatchObject({ code });
  expect(await scratch.store.list()).toEqual([]);
  await scratch.expectUntouched();
});
