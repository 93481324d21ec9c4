import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TarEntry as TestEntry, tarArchive } from "@a3s/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TarReader } from "./reader.ts";

const MAX_MAP_BYTES = 64 * 1024;

interface Content {
  readonly size: number;
  readonly sha256: string;
  /** Bytes in holes. */
  readonly holes: number;
}

/** Contents by name, of an archive read in pieces of a size. */
function read(archive: Uint8Array, pieceBytes = archive.length): Readonly<Record<string, Content>> {
  const contents: Record<string, Content> = {};
  let [path, size, holes] = ["", 0, 0];
  let hash = createHash("sha256");
  const reader = new TarReader(
    {
      entry(entry) {
        [path, size, holes] = [entry.path, entry.size, 0];
        hash = createHash("sha256");
      },
      data(chunk) {
        hash.update(chunk);
      },
      hole(bytes) {
        holes += bytes;
        hash.update(Buffer.alloc(bytes));
      },
      end() {
        contents[path] = { size, holes, sha256: hash.digest("hex") };
      },
    },
    MAX_MAP_BYTES,
  );
  for (let offset = 0; offset < archive.length; offset += pieceBytes) {
    reader.push(Buffer.from(archive.subarray(offset, offset + pieceBytes)));
  }
  reader.finish();
  return contents;
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "a3s-rootfs-sparse-"));
  mkdirSync(join(directory, "in"));
  sparse("data at both ends", 3_000_000, [0, 2_995_000], 5000);
  sparse("a hole at both ends", 2_000_123, [500_000, 1_500_000], 4096);
  sparse("only a hole", 1_000_000, [], 0);
  // More ranges than a header holds, and than one extension block.
  const offsets = Array.from({ length: 60 }, (_, index) => index * 65_536);
  sparse("many ranges", 60 * 65_536 + 12_345, offsets, 4096);
  writeFileSync(join(directory, "in/dense"), "x".repeat(10_000));
  writeFileSync(join(directory, "in/empty"), "");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function sparse(name: string, size: number, offsets: readonly number[], bytes: number): void {
  const path = join(directory, "in", name);
  writeFileSync(path, "");
  truncateSync(path, size);
  const seek = (offset: number) => [`of=${path}`, "conv=notrunc", "oflag=seek_bytes", `seek=${offset}`];
  for (const offset of offsets) {
    const input = Buffer.alloc(bytes, `${offset},`);
    execFileSync("dd", [...seek(offset), "status=none"], { input });
  }
}

test.each(["gnu", "0.0", "0.1", "1.0"])("sparse files as GNU tar packs them, %s", (version) => {
  const format = version === "gnu" ? ["--format=gnu"] : ["--format=posix", `--sparse-version=${version}`];
  const archive = execFileSync("tar", ["-c", "--sparse", ...format, "-C", join(directory, "in"), "."]);
  const contents = read(archive);
  for (const name of readdirSync(join(directory, "in"))) {
    const content = readFileSync(join(directory, "in", name));
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(contents[`./${name}`], name).toMatchObject({ size: content.length, sha256 });
  }
  expect(contents["./only a hole"]).toMatchObject({ holes: 1_000_000 });
  expect(contents["./many ranges"]?.holes).toBeGreaterThan(3_000_000);
  for (const pieceBytes of [1, 511, 512, 1000]) expect(read(archive, pieceBytes)).toEqual(contents);
});

const file = (content: string, pax: Readonly<Record<string, string>>, rest: Partial<TestEntry> = {}): TestEntry => ({
  type: "file",
  path: "made up",
  content,
  pax,
  ...(rest as object),
});
const listed = (map: string, content = "1234", size = 10): TestEntry =>
  file(content, {
    "GNU.sparse.size": String(size),
    "GNU.sparse.numblocks": String(map.split(",").length / 2),
    "GNU.sparse.name": "s",
    "GNU.sparse.map": map,
  });
const embedded = (map: string, content = "1234", size = 10): TestEntry =>
  file(`${map.padEnd(512, "\0")}${content}`, {
    "GNU.sparse.major": "1",
    "GNU.sparse.minor": "0",
    "GNU.sparse.name": "s",
    "GNU.sparse.realsize": String(size),
  });

test.each<[string, TestEntry, string]>([
  ["a list", listed("2,3,8,1"), "\0\x001" + "23\0\0\x004\0"],
  ["a list with empty ranges", listed("0,0,2,3,5,0,8,1,10,0"), "\0\x001" + "23\0\0\x004\0"],
  ["an embedded map", embedded("2\n2\n3\n8\n1\n"), "\0\x001" + "23\0\0\x004\0"],
  ["no range at all", embedded("0\n", "", 3), "\0\0\0"],
  ["an empty file", embedded("0\n", "", 0), ""],
])("%s", (_, entry, content) => {
  const sha256 = createHash("sha256").update(content, "latin1").digest("hex");
  expect(read(tarArchive([entry]))).toMatchObject({ s: { size: content.length, sha256 } });
});

/** The start of an old GNU header's own fields, from the prefix of ustar on: 41 bytes, then ranges, a flag and the size. */
function old(ranges: string, extended: string, size: string, rest: Partial<TestEntry> = {}): TestEntry {
  const prefix = Buffer.alloc(155);
  prefix.write(ranges, 41, "latin1");
  prefix.write(extended, 137, "latin1");
  prefix.write(size, 138, "latin1");
  const header = { typeflag: "S", magic: "ustar ", version: " \0", prefix };
  return { type: "file", path: "s", content: "1234", header, ...(rest as object) } as TestEntry;
}

test.each<[string, readonly TestEntry[], string]>([
  ["ranges out of order", [listed("8,1,2,3")], "LAYER_INVALID"],
  ["ranges that overlap", [listed("2,3,4,1")], "LAYER_INVALID"],
  ["a range beyond the file", [listed("2,3,10,1")], "LAYER_INVALID"],
  ["a range at the end of all numbers", [listed("2,3,9007199254740991,1")], "LAYER_INVALID"],
  ["more data than ranges", [listed("2,3")], "LAYER_INVALID"],
  ["less data than ranges", [listed("2,3,7,2")], "LAYER_INVALID"],
  ["data without ranges", [embedded("0\n")], "LAYER_INVALID"],
  ["half a range", [listed("2,3,8")], "LAYER_INVALID"],
  ["a negative offset", [listed("-2,3,8,1")], "LAYER_INVALID"],
  ["numbers with spaces", [listed("2, 3,8,1")], "LAYER_INVALID"],
  ["no size", [file("1234", { "GNU.sparse.numblocks": "1", "GNU.sparse.map": "0,4" })], "LAYER_INVALID"],
  [
    "two sizes",
    [
      file("1234", {
        "GNU.sparse.size": "10",
        "GNU.sparse.realsize": "11",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": "0,4",
      }),
    ],
    "LAYER_INVALID",
  ],
  ["no number of ranges", [file("1234", { "GNU.sparse.size": "10", "GNU.sparse.map": "0,4" })], "LAYER_INVALID"],
  ["a length without offset", [file("1234", { "GNU.sparse.numbytes": "4" })], "LAYER_INVALID"],
  ["an offset without length", [file("1234", { "GNU.sparse.offset": "4" })], "LAYER_INVALID"],
  ["an unknown version", [file("1234", { "GNU.sparse.major": "2", "GNU.sparse.minor": "0" })], "LAYER_UNSUPPORTED"],
  ["a name alone", [file("1234", { "GNU.sparse.name": "s" })], "LAYER_UNSUPPORTED"],
  ["a name with NUL", [file("1234", { "GNU.sparse.name": "s\0t" })], "LAYER_INVALID"],
  [
    "a directory by its name",
    [file("", { ...paxOf(embedded("0\n", "", 0)), "GNU.sparse.name": "s/" }, { header: { typeflag: "\0" } })],
    "LAYER_INVALID",
  ],
  ["a link with a map", [{ type: "symlink", path: "l", target: "t", pax: paxOf(listed("0,4")) }], "LAYER_INVALID"],
  ["an embedded map that never ends", [embedded("1\n2\n")], "LAYER_INVALID"],
  ["an embedded map of other than numbers", [embedded("0x1\n2\n3\n")], "LAYER_INVALID"],
  ["an embedded number without end", [embedded("1".repeat(600))], "LAYER_INVALID"],
  ["an embedded map of more ranges than it may have", [embedded("9999999\n".padEnd(80_000, "0\n"))], "LAYER_TOO_LARGE"],
  ["an empty body for an embedded map", [file("", paxOf(embedded("0\n")))], "LAYER_INVALID"],
  ["old GNU without GNU's magic", [file("1234", {}, { header: { typeflag: "S" } })], "LAYER_INVALID"],
  [
    "old GNU with PAX records",
    [old("0".repeat(11), "\0", "00000000004", { pax: paxOf(listed("0,4")) })],
    "LAYER_INVALID",
  ],
  ["old GNU that is cut off in its map", [old("", "\x01", "00000000012", { content: "" })], "LAYER_INVALID"],
  ["old GNU with a range beyond the file", [old("00000000010\x0000000000004\0", "\0", "00000000004")], "LAYER_INVALID"],
  [
    "old GNU with blocks without end",
    [
      old("", "\x01", "00000000012", { content: "" }),
      {
        type: "raw",
        bytes: Buffer.alloc(100_000)
          .fill(1, 504, 505)
          .map((_, at) => (at % 512 === 504 ? 1 : 0)),
      },
    ],
    "LAYER_TOO_LARGE",
  ],
])("%s is refused", (_, entries, code) => {
  const archive = tarArchive(entries, { unterminated: true });
  expect(() => read(archive)).toThrow(expect.objectContaining({ code }));
  expect(() => read(archive, 100)).toThrow(expect.objectContaining({ code }));
});

test("one range of the old GNU format, and what follows", () => {
  const next: TestEntry = { type: "file", path: "next", content: "n" };
  const archive = tarArchive([old("00000000002\x0000000000004\0", "\0", "00000000012"), next]);
  const sha256 = createHash("sha256").update("\0\x001234\0\0\0\0").digest("hex");
  expect(read(archive)).toMatchObject({ s: { size: 10, sha256 }, next: { size: 1 } });
});

function paxOf(entry: TestEntry): Readonly<Record<string, string>> {
  return ("pax" in entry && entry.pax) || {};
}
