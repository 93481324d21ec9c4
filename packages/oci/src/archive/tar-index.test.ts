import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TarEntry, tarArchive } from "@a3s/testing";
import { expect, test } from "vitest";
import { indexTar, MAX_ARCHIVE_ENTRIES, MAX_ENTRY_NAME_BYTES, MAX_PAX_BYTES } from "./tar-index.ts";

async function inScratch<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-tar-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** The contents that an archive has under names; `undefined` for a name that it does not have. */
function contents(bytes: Uint8Array, names: readonly string[]): Promise<readonly (string | undefined)[]> {
  return inScratch(async (directory) => {
    await writeFile(join(directory, "x.tar"), bytes);
    await using file = await open(join(directory, "x.tar"));
    const index = await indexTar(file, "x.tar", undefined);
    return names.map((name) => {
      const span = index.find(name);
      return span && Buffer.from(bytes).toString("utf8", span.offset, span.offset + span.size);
    });
  });
}

function file(path: string, content = path): Extract<TarEntry, { type: "file" }> {
  return { type: "file", path, content };
}

const long = `${"d".repeat(120)}/${"n".repeat(200)}`;

test.each<[string, readonly TarEntry[], Readonly<Record<string, string | undefined>>]>([
  ["plain names", [file("a"), file("b/c")], { a: "a", "b/c": "b/c", b: undefined, "": undefined }],
  ["names with ./ and //", [file("./a"), file(".//b//c")], { a: "./a", "./a": "./a", "b/c": ".//b//c" }],
  ["the last of two with one name", [file("a", "first"), file("./a", "second")], { a: "second" }],
  ["long names of PAX", [file(long, "long")], { [long]: "long" }],
  [
    "a size of PAX over the header's",
    [{ ...file("a", "12345"), pax: { size: "5" }, header: { size: "0" } }],
    { a: "12345" },
  ],
  ["empty files", [file("a", ""), file("b")], { a: "", b: "b" }],
  [
    "a symbolic link from its own directory",
    [file("one/layer.tar", "layer"), { type: "symlink", path: "two/layer.tar", target: "../one/layer.tar" }],
    { "two/layer.tar": "layer" },
  ],
  ["a hard link from the top", [file("d/a", "x"), { type: "hardlink", path: "d/b", target: "d/a" }], { "d/b": "x" }],
  ["a link to what comes later", [{ type: "symlink", path: "b", target: "a" }, file("a")], { b: "a" }],
  [
    "links that lead out, nowhere or in a circle",
    [
      { type: "symlink", path: "out", target: "../../etc/passwd" },
      { type: "symlink", path: "absolute", target: "/etc/passwd" },
      { type: "hardlink", path: "hard", target: "/etc/passwd" },
      { type: "symlink", path: "nowhere", target: "missing" },
      { type: "symlink", path: "self", target: "self" },
      { type: "symlink", path: "one", target: "two" },
      { type: "hardlink", path: "two", target: "one" },
    ],
    { out: undefined, absolute: undefined, hard: undefined, nowhere: undefined, self: undefined, one: undefined },
  ],
  [
    "names that lead out are names of nothing",
    [file("../a"), file("/b"), file("c/../../d"), file("..")],
    { a: undefined, "../a": undefined, b: undefined, "/b": undefined, d: undefined, "..": undefined },
  ],
  [
    "directories, devices and FIFOs are no files",
    [
      { type: "directory", path: "d", header: { size: "00000001000" } },
      { type: "character-device", path: "c", major: 1, minor: 5 },
      { type: "fifo", path: "f", header: { size: "00000001000" } },
      file("after"),
    ],
    { d: undefined, c: undefined, f: undefined, after: "after" },
  ],
  ["a global PAX header says nothing", [globalPax("10 path=x\n"), file("a")], { a: "a", x: undefined }],
  [
    "PAX records that are none are passed over",
    [{ ...file("PaxHeader", "=\n7 path=\n-1 size=1\n"), header: { typeflag: "x" } }, file("a")],
    { a: "a" },
  ],
])("finds %s", async (_what, entries, expected) => {
  expect(await contents(tarArchive(entries), Object.keys(expected))).toEqual(Object.values(expected));
});

function globalPax(records: string): TarEntry {
  return { ...file("pax_global_header", records), header: { typeflag: "g" } };
}

test.each(["gnu", "pax", "ustar", "v7"])("finds what GNU tar writes in its format %s", (format) =>
  inScratch(async (directory) => {
    const name = format === "gnu" || format === "pax" ? long : "d/short";
    await mkdir(join(directory, name, ".."), { recursive: true });
    await writeFile(join(directory, name), "content");
    const { stdout } = spawnSync("tar", [
      "--create",
      `--format=${format}`,
      "-C",
      directory,
      `./${name.split("/")[0] ?? ""}`,
    ]);
    expect(await contents(stdout, [name])).toEqual(["content"]);
  }),
);

const whole = tarArchive([file("a", "x".repeat(1000)), file(long, "y")]);
const paxAt = 512 + 1024;

test.each<[string, Uint8Array, RegExp]>([
  ["something else", Buffer.from("no archive ".repeat(100)), /checksum is wrong/],
  ["less than a header", Buffer.from("x"), /cut off in a header \(at byte 0\)/],
  ["cut in the second header", whole.subarray(0, paxAt + 100), /cut off in a header \(at byte 1536\)/],
  ["cut in a content", whole.subarray(0, 700), /cut off in "a" \(at byte 512\)/],
  ["cut in the padding of a content", whole.subarray(0, 512 + 1010), /cut off in "a"/],
  ["cut in a PAX header", whole.subarray(0, paxAt + 512 + 100), /cut off in an extended header/],
  ["cut behind a PAX header", whole.subarray(0, paxAt + 1024), /ends after an extended header/],
  ["going on behind a block of zeros", Buffer.concat([new Uint8Array(512), whole]), /goes on behind a block of zeros/],
  ["with a wrong checksum", tarArchive([{ ...file("a"), header: { checksum: "0000000\0" } }]), /checksum is wrong/],
  [
    "with a size that is no number",
    tarArchive([{ ...file("a"), header: { size: "zzzzzzzzzzz" } }]),
    /no possible size/,
  ],
  ["with a negative size", tarArchive([{ ...file("a"), header: { size: "-0000000001" } }]), /no possible size/],
  ["with a negative binary size", tarArchive([{ ...file("a"), header: { size: binary(0xff) } }]), /no possible size/],
  ["with a huge size", tarArchive([{ ...file("a"), header: { size: "77777777777" } }]), /cut off in "a"/],
  [
    "with a binary size beyond all numbers",
    tarArchive([{ ...file("a"), header: { size: binary(0x80, 0x7f) } }]),
    /in the header/,
  ],
  ["with a PAX size of half a byte", tarArchive([{ ...file("a"), pax: { size: "0.5" } }]), /no possible size/],
  [
    "with a PAX size beyond the end",
    tarArchive([{ ...file("a"), pax: { size: "9007199254740991" } }]),
    /cut off in "a"/,
  ],
  ["with a PAX size beyond all numbers", tarArchive([{ ...file("a"), pax: { size: "1e400" } }]), /no possible size/],
  ["with a name that is too long", tarArchive([file("n".repeat(MAX_ENTRY_NAME_BYTES + 1))]), /a name of 4097 bytes/],
  [
    "with a link that is too long",
    tarArchive([{ type: "symlink", path: "a", target: "t".repeat(4097) }]),
    /4097 bytes/,
  ],
  [
    "with a PAX header that is too large",
    tarArchive([{ ...file("a"), pax: { comment: "c".repeat(MAX_PAX_BYTES) } }]),
    /extended header of/,
  ],
  ["with a sparse file", tarArchive([{ ...file("a"), header: { typeflag: "S" } }]), /sparse/],
])("an archive that is %s is ARCHIVE_INVALID, with the place", async (_what, bytes, message) => {
  await expect(contents(bytes, [])).rejects.toMatchObject({
    name: "OciError",
    code: "ARCHIVE_INVALID",
    message: expect.stringMatching(message),
  });
  await expect(contents(bytes, [])).rejects.toThrow(/^x\.tar .* \(at byte \d+\)$/);
});

function repeated(entry: Uint8Array, times: number): Uint8Array {
  return Buffer.alloc(times * entry.length, entry);
}

/** A number field in GNU's binary form. */
function binary(first: number, rest = 0xff): Uint8Array {
  return Buffer.alloc(12, rest).fill(first, 0, 1);
}

test("an archive of endless entries is ARCHIVE_INVALID", async () => {
  const entry = tarArchive([file("a", "")], { unterminated: true });
  const bomb = repeated(entry, MAX_ARCHIVE_ENTRIES + 1);
  await expect(contents(bomb, [])).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
});

test("an archive whose names would fill the memory is ARCHIVE_INVALID", async () => {
  const entry = tarArchive([file("n".repeat(MAX_ENTRY_NAME_BYTES), "")], { unterminated: true });
  const bomb = repeated(entry, 17_000);
  await expect(contents(bomb, [])).rejects.toThrow(/more names than can be kept/);
});

test("an abort ends the reading of headers with its reason", () =>
  inScratch(async (directory) => {
    await writeFile(join(directory, "x.tar"), whole);
    await using opened = await open(join(directory, "x.tar"));
    const reason = new Error("enough");
    await expect(indexTar(opened, "x.tar", AbortSignal.abort(reason))).rejects.toBe(reason);
  }));
