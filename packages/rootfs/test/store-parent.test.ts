import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TarEntry } from "@a3s/testing";
import { expect, test } from "vitest";
import { ensureRoot } from "../src/ensure-root.ts";
import type { LayerSource } from "../src/layer/layer-source.ts";
import { LowerStore } from "../src/store/lower-store.ts";
import type { EnsuredRoot } from "../src/store/stored-root.ts";
import { dir, file, gone, hard, link, opaque } from "./fixture/entries.ts";
import { rot } from "./fixture/rot.ts";
import { runChild } from "./fixture/run-child.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

/** Nobody; the tests themselves run as root, or as any user, who then stands for it. */
const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

/** One of everything that a root can have. */
const base: readonly TarEntry[] = [
  dir(".", { mode: 0o1755, uid: 3, gid: 4, mtime: 5 }),
  dir("etc", { mode: 0o2750, uid: 5, gid: 6, mtime: 7, xattrs: { "user.note": "a directory" } }),
  file("etc/passwd", "root", { mode: 0o644, mtime: 8 }),
  file("etc/group", "g".repeat(3_000_000), { mode: 0o600, uid: 9, gid: 10, pax: { mtime: "-11.25" } }),
  hard("etc/hard", "etc/passwd"),
  file("implied/parents/file", "", { mtime: 12 }),
  file("bin/su", "setuid", { mode: 0o6755, uid: 1, mtime: 13, xattrs: { "user.note": "a\nb" } }),
  hard("bin/su2", "bin/su"),
  link("lib", "usr/lib", { uid: 14, gid: 15, mtime: 16 }),
  hard("lib2", "lib"),
  { type: "fifo", path: "fifo", mode: 0o640, mtime: 17 },
  hard("fifo2", "fifo"),
  { type: "character-device", path: "dev/null", major: 1, minor: 3, mode: 0o666, mtime: 18 },
  { type: "block-device", path: "dev/disk", major: 8, minor: 300, uid: 2, mtime: 19 },
  file("ä \u2028", "unicode", { mtime: 20 }),
  file("capable", "x", {
    mtime: 21,
    xattrs: { "security.capability": "\u0001\0\0\u0002\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0" },
  }),
  file("replaced", "old", { mtime: 22 }),
  dir("closed", { mode: 0o555, mtime: 23 }),
  file("closed/file", "x", { mtime: 24 }),
];

/** What layers do to those below them. */
const changes: readonly TarEntry[] = [
  file("lib/through", "the link", { mtime: 30 }),
  gone("etc/passwd"),
  hard("etc/harder", "etc/hard"),
  dir("replaced", { mtime: 31 }),
  file("closed/second", "y", { mtime: 32 }),
  opaque("implied"),
  file("implied/new", "z", { mtime: 33 }),
  gone("dev/disk"),
  hard("dev/zero", "dev/null"),
  gone("fifo"),
];

/** Everything that is known of a root, as it is in its files. */
function filesOf({ path }: Pick<EnsuredRoot, "path">) {
  const read = (name: string) => readFileSync(join(dirname(path), name), "utf8");
  // Directories that had more files once may be larger.
  const { createdAt: _, diskBytes: _bytes, ...record } = JSON.parse(read("record.json"));
  return { manifest: read("manifest.jsonl").split("\n"), unset: read("unset.jsonl").split("\n"), record };
}

/** The layers but for the blobs of those that a parent has: whoever reads them fails. */
async function withoutBlobs(layers: readonly LayerSource[], count: number): Promise<readonly LayerSource[]> {
  return layers.map((layer, index) => (index < count ? { ...layer, path: "/nonexistent" } : layer));
}

test.each(["root", "any user"])("a root upon another is what it is from its layers, as %s", async (who) => {
  await using scratch = await Scratch.create();
  const user = isRoot && who !== "root" ? NOBODY : undefined;
  if (user !== undefined) {
    chmodSync(scratch.directory, 0o755);
    chownSync(scratch.directory, user, user);
  }
  const layers = await scratch.layers(plain(base), plain(changes), plain([file("third")]));
  const [alone, upon] = ["alone", "upon"].map((name) => join(scratch.directory, name, "rootfs")) as [string, string];
  const expected = await runChild({ store: alone, layers }, user);
  await runChild({ store: upon, layers: layers.slice(0, 1) }, user);
  const actual = await runChild({ store: upon, layers: await withoutBlobs(layers, 1) }, user);
  expect(filesOf(actual)).toEqual(filesOf(expected));
  const store = await LowerStore.open(upon);
  expect(await store.verify("all")).toMatchObject({ roots: 2, damaged: [] });
  expect((await store.list()).map(({ leases }) => leases)).toEqual([0, 0]);
});

test("the root with most layers in common is the one that is copied", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("one")]), plain([file("two")]), plain([gone("one"), file("three")]));
  await ensureRoot({ store, layers: layers.slice(0, 1) });
  await ensureRoot({ store, layers: await withoutBlobs(layers.slice(0, 2), 1) });
  const root = await ensureRoot({ store, layers: await withoutBlobs(layers, 2) });
  expect(readdirSync(root.path)).toEqual(["three", "two"]);
  expect(root.entries).toBe(4);
});

test("the limits count what is copied", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("one", "x".repeat(5000)), gone("none")]), plain([file("two")]));
  await ensureRoot({ store, layers: layers.slice(0, 1) });
  for (const limits of [{ maxEntries: 2 }, { maxFileBytes: 4999 }, { maxTotalBytes: 6000 }, { maxMetadataBytes: 5 }]) {
    await expect(ensureRoot({ store, layers, limits })).rejects.toMatchObject({ code: "LAYER_TOO_LARGE" });
  }
  expect(await ensureRoot({ store, layers, limits: { maxEntries: 3 } })).toMatchObject({ entries: 3 });
  await scratch.expectUntouched();
});

const damages: readonly (readonly [string, (root: string) => void])[] = [
  ["content that rots", (root) => rot(join(root, "etc/group"))],
  ["a mode", (root) => chmodSync(join(root, "etc/passwd"), 0o666)],
  ["a file that is gone", (root) => rmSync(join(root, "etc/group"))],
  ["a directory that is gone", (root) => rmSync(join(root, "etc"), { recursive: true })],
  ["its manifest", (root) => writeFileSync(join(dirname(root), "manifest.jsonl"), "")],
  ["its list of what is unset", (root) => rmSync(join(dirname(root), "unset.jsonl"))],
];

test.each(damages)("damage is not handed on: %s", async (_, damage) => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain(base), plain(changes));
  const parent = await ensureRoot({ store, layers: layers.slice(0, 1) });
  damage(parent.path);
  const root = await ensureRoot({ store, layers });
  expect(await store.verify(root.chainId)).toMatchObject({ damaged: [] });
  expect(readFileSync(join(root.path, "etc/group"), "utf8")).toBe("g".repeat(3_000_000));
  // It is known from now on, and built again by whoever needs it.
  expect(await store.has(parent.chainId)).toBe(false);
  expect(await ensureRoot({ store, layers: layers.slice(0, 1) })).toMatchObject({ found: false });
  await scratch.expectUntouched();
});

test("a root that the user may not read is not copied, and is not taken for damaged", async () => {
  await using scratch = await Scratch.create();
  const user = isRoot ? NOBODY : undefined;
  if (user !== undefined) {
    chmodSync(scratch.directory, 0o755);
    chownSync(scratch.directory, user, user);
  }
  const layers = await scratch.layers(plain([file("etc/shadow", "x", { mode: 0 })]), plain([file("two")]));
  const store = join(scratch.directory, "own/rootfs");
  await runChild({ store, layers: layers.slice(0, 1) }, user);
  const root = await runChild({ store, layers }, user);
  expect(existsSync(join(root.path, "etc/shadow"))).toBe(true);
  expect(await runChild({ store, layers: layers.slice(0, 1) }, user)).toMatchObject({ found: true });
});

test("an abort while a root is copied leaves nothing", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const layers = await scratch.layers(plain([file("big", "x".repeat(30 << 20))]), plain([file("two")]));
  const parent = await ensureRoot({ store, layers: layers.slice(0, 1) });
  const controller = new AbortController();
  const building = ensureRoot({ store, layers, signal: controller.signal });
  const reason = new Error("enough");
  const staging = join(store.directory, ".staging");
  const copying = () => readdirSync(staging).some((name) => existsSync(join(staging, name, "root/big")));
  while (!copying()) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(reason);
  await expect(building).rejects.toBe(reason);
  expect((await store.list()).map(({ chainId, leases }) => [chainId, leases])).toEqual([[parent.chainId, 0]]);
  await scratch.expectUntouched();
});
