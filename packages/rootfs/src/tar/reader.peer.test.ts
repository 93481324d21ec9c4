import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Parser, type ReadEntry } from "tar";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TarEntry } from "./entry.ts";
import { TarReader } from "./reader.ts";

/*
 * The tar package's parser and GNU tar's own archives as second opinions. Only where names are UTF-8 and no record holds bytes: that is
 * what the package's parser keeps, and why it does not read layers here (it drops SCHILY.xattr, decodes names and cuts records at line feeds).
 */

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "a3s-rootfs-tar-"));
  mkdirSync(join(directory, "in", "d".repeat(90), "e".repeat(90)), { recursive: true });
  writeFileSync(join(directory, "in", "d".repeat(90), "e".repeat(90), "f".repeat(120)), "deep");
  writeFileSync(join(directory, "in/file"), "x".repeat(3000), { mode: 0o755 });
  writeFileSync(join(directory, "in/caf\u00e9"), "");
  symlinkSync("t".repeat(150), join(directory, "in/link"));
  execFileSync("ln", [join(directory, "in/file"), join(directory, "in/hard")]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const TYPES: Readonly<Record<string, string>> = {
  File: "file",
  OldFile: "file",
  Directory: "directory",
  SymbolicLink: "symlink",
  Link: "hardlink",
};

test.each(["v7", "ustar", "gnu", "posix"])(
  "archives of GNU tar in %s format read as the tar package reads them",
  (format) => {
    const long = format === "v7" || format === "ustar" ? ["--exclude=*dddd*", "--exclude=in/link"] : [];
    const archive = execFileSync("tar", ["-c", `--format=${format}`, "-C", directory, ...long, "in"]);
    expect(ours(archive)).toEqual(theirs(archive));
    expect(ours(archive).length).toBeGreaterThan(3);
  },
);

function ours(archive: Buffer): readonly unknown[] {
  const found: unknown[] = [];
  const entry = ({ type, path, linkTarget, size, attributes: { mode, uid, gid, mtime } }: TarEntry) =>
    found.push([
      type,
      utf8(path),
      utf8(linkTarget),
      size,
      mode,
      uid,
      gid,
      Math.trunc(mtime.sec * 1000 + mtime.nsec / 1e6),
    ]);
  const reader = new TarReader({ entry, data() {}, hole() {}, end() {} }, 1 << 20);
  reader.push(archive);
  reader.finish();
  return found;
}

function theirs(archive: Buffer): readonly unknown[] {
  const found: unknown[] = [];
  const onReadEntry = (entry: ReadEntry) => {
    const { type, path, linkpath = "", size, mode, uid, gid, mtime } = entry;
    found.push([TYPES[type], path, linkpath, size, mode, uid, gid, mtime?.getTime()]);
    entry.resume();
  };
  new Parser({ strict: true, onReadEntry }).end(archive);
  return found;
}

function utf8(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}
