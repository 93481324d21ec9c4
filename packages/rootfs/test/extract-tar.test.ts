import { randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TarEntry, tarArchive } from "@a3s/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ExtractTarOptions, extractTar } from "../src/archive/extract-tar.ts";
import { removeTree } from "../src/root/remove-tree.ts";
import { dir, file, hard, link } from "./fixture/entries.ts";
import { inventory } from "./fixture/inventory.ts";
import { treeOf } from "./fixture/tree.ts";

let scratch: string;
let around: ReturnType<typeof inventory>;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "a3s-extract-"));
  writeFileSync(join(scratch, "passwd"), "outside");
  mkdirSync(join(scratch, "etc"));
  symlinkSync("etc", join(scratch, "link"));
  around = inventory(scratch, ["into"]);
});
afterEach(async () => {
  expect({ ...inventory(scratch, ["into"]), ".": undefined }).toEqual({ ...around, ".": undefined });
  await removeTree(scratch);
});

async function* stream(entries: readonly TarEntry[] | Uint8Array, step = 700) {
  const archive = entries instanceof Uint8Array ? entries : tarArchive(entries);
  for (let start = 0; start < archive.length; start += step) yield archive.subarray(start, start + step);
}
const into = () => join(scratch, "into");
const extract = (entries: readonly TarEntry[] | Uint8Array, options: ExtractTarOptions = {}) =>
  extractTar(stream(entries), into(), options);

test("a tree comes out with modes, times, links and names of any bytes", async () => {
  const entries = [
    dir("d", { mode: 0o500, mtime: 7 }),
    file("d/file", "content", { mode: 0o640, mtime: 8 }),
    hard("d/hard", "d/file"),
    link("d/soft", "../anywhere", { mtime: 9 }),
    file("d/.wh.file", "no whiteout"),
    file(".wh..wh..opq", "neither"),
    file(".a3s", "not reserved"),
  ];
  expect(await extract(entries)).toEqual({ entries: 7, skipped: [] });
  expect(treeOf(into())).toEqual({
    ".a3s": "= not reserved",
    ".wh..wh..opq": "= neither",
    d: "/",
    "d/.wh.file": "= no whiteout",
    "d/file": "= content",
    "d/hard": "= content",
    "d/soft": "-> ../anywhere",
  });
  const found = inventory(into());
  expect(found["d"]).toMatchObject({ mode: "40500", mtimeNs: "7000000000" });
  expect(found["d/file"]).toMatchObject({ mode: "100640", mtimeNs: "8000000000", nlink: 2 });
  expect(found["d/soft"]).toMatchObject({ mtimeNs: "9000000000" });
});

test("nothing gets setuid bits, another owner, or attributes of the sender's choice unless it is asked for", async () => {
  const sent = [file("su", "x", { mode: 0o6755, uid: 4321, gid: 4321, xattrs: { "user.note": "a" } })];
  await extract(sent);
  const own = `${process.geteuid?.()}:${process.getegid?.()}`;
  expect(inventory(into())["su"]).toMatchObject({ mode: "100755", owner: own, xattrs: {} });
  await removeTree(into());
  await extract(sent, { keepOwners: true });
  const kept = process.geteuid?.() === 0 ? "4321:4321" : own;
  expect(inventory(into())["su"]).toMatchObject({ mode: "106755", owner: kept, xattrs: {} });
});

test("devices and FIFOs are left out and told of, with their other names", async () => {
  const report = await extract([
    { type: "fifo", path: "pipe" },
    hard("pipe2", "pipe"),
    { type: "character-device", path: "dev/null", major: 1, minor: 3 } as TarEntry,
    file("file"),
  ]);
  expect(report.skipped).toEqual(["pipe", "pipe2", "dev/null"]);
  expect(treeOf(into())).toEqual({ file: "= 1" });
});

test.each<[string, readonly TarEntry[], Readonly<Record<string, string>>]>([
  ["an absolute name", [file("/etc/x")], { etc: "/", "etc/x": "= 1" }],
  [
    "a link to a directory of the host",
    [link("e", "/etc"), dir("etc"), file("e/x")],
    { e: "-> /etc", etc: "/", "etc/x": "= 1" },
  ],
  ["a link upwards", [link("up", "../.."), file("up/x")], { up: "-> ../..", x: "= 1" }],
  ["a link to a file", [file("f", "old"), link("l", "f"), file("l", "new")], { f: "= old", l: "= new" }],
  ["a name twice", [file("f", "old"), dir("f"), file("f/x")], { f: "/", "f/x": "= 1" }],
])("%s ends in the directory", async (_name, entries, expected) => {
  await extract(entries);
  expect(treeOf(into())).toEqual(expected);
});

test.each<[string, string, readonly TarEntry[]]>([
  ["a name with ..", "ARCHIVE_ESCAPE", [file("../passwd", "x")]],
  ["a name that goes up in the middle", "ARCHIVE_ESCAPE", [file("a/../../passwd", "x")]],
  ["a hard link outwards", "ARCHIVE_ESCAPE", [hard("x", "../passwd")]],
  ["a hard link to a file of the host", "ARCHIVE_INVALID", [hard("x", "/etc/passwd")]],
  ["a hard link to a link's target", "ARCHIVE_INVALID", [link("l", "/etc"), hard("x", "l/passwd")]],
  ["a file inside a file", "ARCHIVE_INVALID", [file("f"), file("f/x")]],
  ["a loop of links", "ARCHIVE_INVALID", [link("a", "b"), link("b", "a"), file("a/x")]],
  ["the directory as a file", "ARCHIVE_INVALID", [file("./")]],
  ["a link without target", "ARCHIVE_INVALID", [link("l", "")]],
  ["an unknown type", "ARCHIVE_INVALID", [file("e"), file("f", "", { header: { typeflag: "Z" } })]],
])("%s is refused and leaves nothing", async (_name, code, entries) => {
  await expect(extract(entries)).rejects.toMatchObject({ code, details: { entry: expect.any(String) } });
  expect(existsSync(into())).toBe(false);
});

test.each<[string, ExtractTarOptions["limits"], readonly TarEntry[]]>([
  ["entries", { maxEntries: 2 }, [file("a"), file("b"), file("c")]],
  ["bytes", { maxTotalBytes: 5000 }, [file("a", "x".repeat(6000))]],
  ["bytes of a file", { maxFileBytes: 10 }, [file("a", "x".repeat(11))]],
  ["depth", { maxDepth: 3 }, [file("a/b/c/d")]],
  ["bytes of a path", { maxPathBytes: 10 }, [file("a".repeat(11))]],
  ["bytes of a target", { maxSymlinkBytes: 10 }, [link("l", "t".repeat(11))]],
])("too many %s are refused", async (_name, limits, entries) => {
  await expect(extract(entries, { limits: limits ?? {} })).rejects.toMatchObject({ code: "ARCHIVE_TOO_LARGE" });
  expect(existsSync(into())).toBe(false);
});

test("garbage, an early end and a stream that fails leave nothing", async () => {
  await expect(extract(randomBytes(10_000))).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
  await expect(extract(tarArchive([file("a", "x".repeat(5000))]).subarray(0, 3000))).rejects.toMatchObject({
    code: "ARCHIVE_INVALID",
  });
  async function* broken() {
    yield tarArchive([file("a")]).subarray(0, 512);
    throw new Error("guest gone");
  }
  await expect(extractTar(broken(), into())).rejects.toThrow("guest gone");
  expect(existsSync(into())).toBe(false);
});

test("an endless stream ends with its signal", async () => {
  const controller = new AbortController();
  async function* endless() {
    for (let number = 0; ; number++) {
      yield tarArchive([file(`f${number}`)], { unterminated: true });
      if (number === 10) controller.abort("enough");
    }
  }
  await expect(extractTar(endless(), into(), { signal: controller.signal })).rejects.toBe("enough");
  expect(existsSync(into())).toBe(false);
});

test("a directory that is there is not touched", async () => {
  mkdirSync(into());
  writeFileSync(join(into(), "kept"), "");
  await expect(extract([file("x")])).rejects.toMatchObject({ code: "EEXIST" });
  expect(readdirSync(into())).toEqual(["kept"]);
  expect([lstatSync(into()).isDirectory(), readFileSync(join(into(), "kept"), "utf8")]).toEqual([true, ""]);
});
