import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type TarEntry, testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, gone, hard, link, opaque } from "./fixture/entries.ts";
import { Scratch } from "./fixture/scratch.ts";
import { xattr } from "./fixture/xattr.ts";

/*
 * The same image, applied by umoci and here, entry by entry. The image is benign: umoci is not asked what it does with attacks.
 */

const isRoot = process.geteuid?.() === 0;
const XATTRS = ["user.note", "security.capability"];
const CAPABILITY = "\u0001\0\0\u0002\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/** A layer of real files of this machine, as GNU tar packs them: hard links, links, long names, special bits. */
function realLayer(): Uint8Array {
  const paths = [
    "usr/share/zoneinfo/Europe",
    "usr/share/zoneinfo/posix",
    "usr/bin/passwd",
    "usr/bin/gpasswd",
    "etc/alternatives",
  ];
  const present = paths.filter((path) => lstatSync(`/${path}`, { throwIfNoEntry: false }) !== undefined);
  // A directory entry for each parent: what parents without one look like is each tool's own choice.
  const parents = ["usr", "usr/bin", "usr/share", "usr/share/zoneinfo", "usr/lib", "etc"];
  return execFileSync(
    "tar",
    [
      "-c",
      "--format=posix",
      "--numeric-owner",
      "--pax-option=delete=atime,delete=ctime",
      "-C",
      "/",
      "--no-recursion",
      ...parents,
      "--recursion",
      ...present,
    ],
    {
      maxBuffer: 1 << 30,
    },
  );
}

const SECOND: readonly TarEntry[] = [
  dir(".", { mode: 0o755, mtime: 1_700_000_000 }),
  dir("usr/share", { mtime: 3 }),
  opaque("usr/share/zoneinfo/Europe"),
  file("usr/share/zoneinfo/Europe/Nowhere", "new", { mtime: 4 }),
  gone("etc/alternatives"),
  file("etc/setuid", "x", { mode: 0o6755, uid: 1000, gid: 50, mtime: 5 }),
  dir("srv", { mode: 0o1777, uid: 33, gid: 33, mtime: 6 }),
  file("srv/caps", "x", { mode: 0o755, mtime: 7, xattrs: { "security.capability": CAPABILITY, "user.note": "a\nb" } }),
  file(`srv/${"long/".repeat(40)}${"name".repeat(40)}`, "deep", { mtime: 8 }),
  ...Array.from({ length: 40 }, (_, index) => dir(`srv/${"long/".repeat(40 - index)}`, { mtime: 9 })),
  link("srv/abs", "/etc/passwd", { uid: 1, gid: 2, mtime: 10 }),
  hard("srv/caps2", "srv/caps"),
  { type: "fifo", path: "srv/fifo", mode: 0o640, mtime: 11 },
  { type: "character-device", path: "srv/null", major: 1, minor: 3, mode: 0o666, mtime: 12 },
  { type: "block-device", path: "srv/disk", major: 8, minor: 300, mtime: 13 },
  link("lib", "usr/lib", { mtime: 14 }),
];

const THIRD: readonly TarEntry[] = [
  file("lib/through-a-link", "x", { mtime: 20 }),
  dir("etc/setuid", { mode: 0o700, mtime: 21 }),
  file("etc/setuid/inside", "x", { mtime: 22 }),
  hard("srv/caps3", "srv/caps2"),
  gone("srv/caps"),
  file("srv/abs", "a file now", { mtime: 23, mode: 0o600 }),
  dir("srv", { mode: 0o2755, mtime: 24 }),
];

test.runIf(isRoot)(
  "an image of three layers looks as umoci unpacks it",
  async () => {
    await using scratch = await Scratch.create();
    const layers = [testLayer(realLayer()), testLayer(SECOND), testLayer(THIRD)];
    const layout = join(scratch.directory, "layout");
    await writeTestLayout(layout, { latest: testImage({ layers }) });
    const theirs = join(scratch.directory, "several/levels/deep");
    mkdirSync(theirs, { recursive: true });
    execFileSync("umoci", ["raw", "unpack", "--image", `${layout}:latest`, join(theirs, "root")], { stdio: "ignore" });

    const { path } = await scratch.apply(...layers);
    const [expected, actual] = [inventory(join(theirs, "root")), inventory(path)];
    expect(actual.size).toBeGreaterThan(100);
    expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected));
  },
  60_000,
);

/** Everything that can be seen of each file. */
function inventory(root: string): ReadonlyMap<string, unknown> {
  const files = new Map<string, unknown>();
  const visit = (path: string) => {
    const { mode, uid, gid, size, mtimeNs, nlink, rdev } = lstatSync(join(root, path), { bigint: true });
    const type = Number(mode) & 0o170000;
    const isDirectory = type === 0o040000;
    files.set(path, {
      mode: mode.toString(8),
      owner: `${uid}:${gid}`,
      mtimeNs: String(mtimeNs),
      // Sizes and link counts of directories are the file system's business.
      ...(isDirectory ? {} : { size: Number(size), nlink: Number(nlink), rdev: String(rdev) }),
      ...(type === 0o100000
        ? {
            sha256: createHash("sha256")
              .update(readFileSync(join(root, path)))
              .digest("hex"),
          }
        : {}),
      ...(type === 0o120000 ? { target: readlinkSync(join(root, path)) } : {}),
      xattrs: XATTRS.map((name) => (type === 0o120000 ? undefined : xattr(join(root, path), name))),
    });
    if (isDirectory) for (const name of readdirSync(join(root, path)).toSorted()) visit(join(path, name));
  };
  visit(".");
  return files;
}
