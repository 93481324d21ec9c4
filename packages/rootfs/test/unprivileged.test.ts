import { chmodSync, chownSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { removeTree } from "../src/root/remove-tree.ts";
import { dir, file, hard, link } from "./fixture/entries.ts";
import { runChild } from "./fixture/run-child.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

/** Nobody; the tests themselves run as root, or as any user, who then stands for it. */
const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;
const user = isRoot ? NOBODY : undefined;
const uid = user ?? process.geteuid?.();

test("without root, files are there with their modes and times, and the rest is written down", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(
    plain([
      dir("etc", { uid: 0, gid: 0, mode: 0o755 }),
      file("etc/shadow", "secret", { mode: 0, uid: 0, gid: 42, mtime: 7 }),
      file("mine", "x", { uid: uid ?? 0, gid: uid ?? 0, mode: 0o6755 }),
      link("link", "nowhere", { uid: 12, gid: 13 }),
      dir("locked", { mode: 0, mtime: 9 }),
      file("locked/in/deep", "x", { uid: uid ?? 0, gid: uid ?? 0 }),
      file("ping", "x", {
        uid: uid ?? 0,
        gid: uid ?? 0,
        xattrs: { "security.capability": "caps", "user.note": "set" },
      }),
      hard("ping2", "ping"),
      { type: "character-device", path: "null", major: 1, minor: 3, mode: 0o666 },
      { type: "block-device", path: "gone", major: 8, minor: 0 },
      { type: "fifo", path: "fifo", uid: uid ?? 0, gid: uid ?? 0 },
    ]),
    plain([dir("locked", { mode: 0o500, mtime: 9 }), file("gone", "a file now", { uid: uid ?? 0, gid: uid ?? 0 })]),
  );
  const root = await runChild({ store: storeFor(scratch), layers }, user);

  expect(treeOf(root.path)).toMatchObject({
    "locked/in/deep": "= x",
    gone: "= a file now",
    fifo: "|",
    link: "-> nowhere",
  });
  expect(lstatSync(join(root.path, "etc/shadow"))).toMatchObject({ uid, mode: 0o100000, mtimeMs: 7000 });
  expect(lstatSync(join(root.path, "mine")).mode).toBe(0o106755);
  expect(lstatSync(join(root.path, "locked"))).toMatchObject({ mode: 0o40500, mtimeMs: 9000 });
  expect(lstatSync(join(root.path, "null"), { throwIfNoEntry: false })).toBeUndefined();

  const lines = readFileSync(root.unsetPath, "utf8").trimEnd().split("\n");
  const records = Object.fromEntries(lines.map((line) => JSON.parse(line)).map(({ path, ...unset }) => [path, unset]));
  expect(records).toEqual({
    "": { owner: { uid: 0, gid: 0 } },
    etc: { owner: { uid: 0, gid: 0 } },
    "etc/shadow": { owner: { uid: 0, gid: 42 } },
    link: { owner: { uid: 12, gid: 13 } },
    locked: { owner: { uid: 0, gid: 0 } },
    "locked/in": { owner: { uid: 0, gid: 0 } },
    ping: { xattrs: { "security.capability": "Y2Fwcw==" } },
    ping2: { xattrs: { "security.capability": "Y2Fwcw==" } },
    null: { owner: { uid: 0, gid: 0 }, device: { type: "character", major: 1, minor: 3, mode: 0o666 } },
  });
  expect(root.unset).toEqual({ owners: 7, devices: 1, xattrs: 2 });
});

test("without root, directories that shut their owner out can be removed", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(plain([dir("a", { mode: 0 }), dir("a/b", { mode: 0o111 }), file("a/b/c")]));
  const { path } = await runChild({ store: storeFor(scratch), layers }, user);
  if (isRoot) chmodSync(join(path, "a"), 0);
  await removeTree(path);
  expect(lstatSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test("a store of another user is unavailable, not empty", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(plain([file("a")]));
  chmodSync(scratch.directory, 0o755);
  if (isRoot)
    await expect(runChild({ store: scratch.store.directory, layers }, user)).rejects.toThrow("STORE_UNAVAILABLE");
});

/** A store in a directory that belongs to the user. */
function storeFor(scratch: Scratch): string {
  if (isRoot) {
    chmodSync(scratch.directory, 0o755);
    chownSync(scratch.directory, NOBODY, NOBODY);
  }
  return join(scratch.directory, "own/rootfs");
}
