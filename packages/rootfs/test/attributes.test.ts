import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dir, file, hard, link, sparse } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { xattr } from "./fixture/xattr.ts";

const isRoot = process.geteuid?.() === 0;

/** VFS_CAP_REVISION_2 with CAP_NET_RAW effective and permitted, as on ping. It holds NUL bytes. */
const NET_RAW = "\u0001\0\0\u0002\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0";

test("modes with their special bits, and times of every kind of entry", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(
    plain([
      dir("sticky", { mode: 0o1777, mtime: 10 }),
      dir("setgid", { mode: 0o2750, mtime: 20 }),
      file("setgid/setuid", "x", { mode: 0o4755, mtime: 30 }),
      file("nothing", "x", { mode: 0, mtime: 40 }),
      link("link", "nowhere", { mtime: 50 }),
      { type: "fifo", path: "fifo", mode: 0o640, mtime: 60 },
      file("before1970", "", { pax: { mtime: "-1.5" } }),
      file("nanoseconds", "", { pax: { mtime: "1700000000.123456789" } }),
    ]),
  );
  const look = (name: string) => {
    const { mode, mtimeNs } = lstatSync(join(path, name), { bigint: true });
    return [Number(mode & 0o7777n).toString(8), mtimeNs];
  };
  expect(look("sticky")).toEqual(["1777", 10_000_000_000n]);
  expect(look("setgid")).toEqual(["2750", 20_000_000_000n]);
  expect(look("setgid/setuid")).toEqual(["4755", 30_000_000_000n]);
  expect(look("nothing")).toEqual(["0", 40_000_000_000n]);
  expect(look("link")[1]).toBe(50_000_000_000n);
  expect(look("fifo")).toEqual(["640", 60_000_000_000n]);
  expect(look("before1970")[1]).toBe(-1_500_000_000n);
  expect(look("nanoseconds")[1]).toBe(1_700_000_000_123_456_789n);
});

test("attributes larger than the file system keeps are unset, and no lack of space", async () => {
  await using scratch = await Scratch.create();
  const xattrs = { "user.large": "x".repeat(60_000), "user.small": "kept" };
  const { path, unset } = await scratch.apply(plain([file("f", "x", { xattrs }), dir("d", { xattrs })]));
  // ext4 keeps some kilobytes, XFS all.
  const kept = ["f", "d"].filter((name) => xattr(join(path, name), "user.large") === xattrs["user.large"]);
  expect(kept.length + unset.xattrs).toBe(2);
  expect(["f", "d"].map((name) => xattr(join(path, name), "user.small"))).toEqual(["kept", "kept"]);
});

test("the root's own entry counts", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain([dir("./", { mode: 0o711, mtime: 99 })]));
  expect(lstatSync(path)).toMatchObject({ mode: 0o40711, mtimeMs: 99_000 });
});

test("holes of a sparse file take no space, at its end neither", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(plain([sparse("d/s", 100_000_000), file("after", "x")]));
  const { size, blocks } = lstatSync(join(path, "d/s"));
  expect(size).toBe(100_000_000);
  expect(blocks * 512).toBeLessThanOrEqual(8192);
  const content = readFileSync(join(path, "d/s"));
  expect(content.toString("latin1", 8190, 8198)).toBe("\0\0data\0\0");
  expect(content.indexOf("d", 8193)).toBe(-1);
  expect(readFileSync(join(path, "after"), "utf8")).toBe("x");
});

test("names are bytes: what is no UTF-8 stays apart and as it is", async () => {
  await using scratch = await Scratch.create();
  const raw = (byte: number) => file("x", String(byte), { header: { name: Uint8Array.of(0x66, byte) } });
  const { path } = await scratch.apply(plain([raw(0xe9), raw(0xe8)]));
  const names = execFileSync("ls", [path], { env: { LC_ALL: "C" } }).toString("latin1");
  expect(names).toBe("f\u00e8\nf\u00e9\n");
});

test.runIf(isRoot)("as root: owners, devices, capabilities", async () => {
  await using scratch = await Scratch.create();
  const root = await scratch.apply(
    plain([
      dir("d", { uid: 10, gid: 20 }),
      file("d/f", "x", { uid: 1000, gid: 1001, mode: 0o6755 }),
      file("big", "x", { uid: 0, gid: 0, pax: { uid: "3000000000", gid: "4294967294" } }),
      link("l", "/nowhere", { uid: 1, gid: 2 }),
      file("ping", "x", { mode: 0o755, uid: 5, xattrs: { "security.capability": NET_RAW, "user.note": "a\nb=c\n" } }),
      hard("ping2", "ping", { uid: 5 }),
      dir("marked", { xattrs: { "user.dir": "yes" } }),
      { type: "character-device", path: "null", major: 1, minor: 3, mode: 0o666, uid: 7, gid: 8 },
      { type: "block-device", path: "disk", major: 259, minor: 0xabcde, mode: 0o660 },
      { type: "fifo", path: "fifo", uid: 3, gid: 4 },
    ]),
  );
  const owner = (name: string) => {
    const { uid, gid } = lstatSync(join(root.path, name));
    return [uid, gid];
  };
  expect(["d", "d/f", "big", "l", "null", "fifo"].map(owner)).toEqual([
    [10, 20],
    [1000, 1001],
    [3_000_000_000, 4_294_967_294],
    [1, 2],
    [7, 8],
    [3, 4],
  ]);
  expect(lstatSync(join(root.path, "d/f")).mode).toBe(0o106755);
  expect(lstatSync(join(root.path, "null"))).toMatchObject({ mode: 0o020666, rdev: 0x103 });
  expect(execFileSync("stat", ["-c", "%t %T", join(root.path, "disk")], { encoding: "utf8" })).toBe("103 abcde\n");
  expect(xattr(join(root.path, "ping"), "security.capability")).toBe(NET_RAW);
  expect(xattr(join(root.path, "ping2"), "user.note")).toBe("a\nb=c\n");
  expect(xattr(join(root.path, "marked"), "user.dir")).toBe("yes");
  expect(root.unset).toEqual({ owners: 0, devices: 0, xattrs: 0 });
});
