import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { tarArchive } from "./tar-archive.ts";
import type { TarEntry } from "./tar-entry.ts";

/** Lists an archive with the system's tar, the judge that none of us wrote. */
function list(entries: readonly TarEntry[]): { readonly lines: readonly string[]; readonly status: number | null } {
  const args = ["--list", "--verbose", "--numeric-owner", "--absolute-names", "--utc", "-f", "-"];
  const { stdout, status } = spawnSync("tar", args, { input: tarArchive(entries), encoding: "utf8" });
  return { lines: stdout.split("\n").filter((line) => line !== ""), status };
}

test("writes files, directories, links and devices as GNU tar reads them", () => {
  const { lines, status } = list([
    { type: "directory", path: "etc" },
    { type: "file", path: "etc/motd", content: "hello\n", mode: 0o4755, uid: 7, gid: 8 },
    { type: "symlink", path: "etc/link", target: "motd" },
    { type: "hardlink", path: "etc/hard", target: "etc/motd" },
    { type: "character-device", path: "dev/null", major: 1, minor: 3 },
    { type: "fifo", path: "run/pipe" },
  ]);
  expect(status).toBe(0);
  expect(lines.map((line) => line.replace(/ +/g, " ").replace("1970-01-01 00:00 ", ""))).toEqual([
    "drwxr-xr-x 0/0 0 etc/",
    "-rwsr-xr-x 7/8 6 etc/motd",
    "lrwxrwxrwx 0/0 0 etc/link -> motd",
    "hrw-r--r-- 0/0 0 etc/hard link to etc/motd",
    "crw-r--r-- 0/0 1,3 dev/null",
    "prw-r--r-- 0/0 0 run/pipe",
  ]);
});

test("names whiteouts as layer.md does", () => {
  const { lines } = list([
    { type: "whiteout", path: "a/b" },
    { type: "whiteout", path: "top" },
    { type: "opaque-whiteout", path: "a/dir" },
  ]);
  expect(lines.map((line) => line.split(" ").at(-1))).toEqual(["a/.wh.b", ".wh.top", "a/dir/.wh..wh..opq"]);
});

test.each([99, 100, 101, 150, 255, 1000])("keeps a name of %i bytes whole", (length) => {
  const path = "n".repeat(length);
  expect(list([{ type: "file", path, content: "x" }]).lines[0]).toMatch(new RegExp(` ${path}$`));
});

test("a PAX record's length counts its own digits around every power of ten", () => {
  for (let length = 80; length < 1100; length++) {
    const path = "p".repeat(length);
    expect(tarArchive([{ type: "file", path, pax: { path } }]).length % 512).toBe(0);
  }
  for (const length of [85, 86, 87, 88, 980, 981, 982, 983, 984, 985, 986, 987, 988, 989, 990, 991, 992]) {
    const path = "p".repeat(length);
    expect(list([{ type: "file", path, pax: { path } }])).toMatchObject({ status: 0 });
  }
});

test("overwrites header fields and keeps the checksum right unless that is overwritten", () => {
  expect(list([{ type: "file", path: "a", header: { linkname: "x", uname: "who" } }]).status).toBe(0);
  expect(list([{ type: "file", path: "a", header: { checksum: "0000000\0" } }]).status).not.toBe(0);
});
