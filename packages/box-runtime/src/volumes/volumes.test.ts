import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Volumes } from "./volumes.ts";

let scratch: string;
let directory: string;
/** As two processes have them. */
let volumes: Volumes;
let others: Volumes;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "a3s-volumes-"));
  directory = join(scratch, "volumes");
  volumes = new Volumes(directory);
  others = new Volumes(directory);
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

test("a volume is made once, with its labels, for its owner only on the host and for every user in a guest", async () => {
  const made = await volumes.create("data", { labels: { team: "a" } });
  expect(made).toEqual({
    name: "data",
    path: join(directory, "data/data"),
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    labels: { team: "a" },
    inUse: false,
  });
  await writeFile(join(made.path, "kept"), "kept");
  expect(await others.create("data", { labels: { team: "b" } })).toEqual(made);
  expect(await others.get("data")).toEqual(made);
  expect(await readFile(join(made.path, "kept"), "utf8")).toBe("kept");
  const modes = [directory, join(directory, "data"), made.path].map(async (path) => (await stat(path)).mode & 0o777);
  expect(await Promise.all(modes)).toEqual([0o700, 0o700, 0o755]);
});

test("many at once make the same volume once", async () => {
  const made = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 ? volumes : others).create("a")));
  expect(new Set(made.map(({ createdAt }) => createdAt)).size).toBe(1);
  expect(await readdir(join(directory, ".staging"))).toEqual([]);
});

test("a volume that is held by anyone is neither removed nor pruned, and the others are", async () => {
  await volumes.create("idle");
  const one = await volumes.hold("used");
  const two = await others.hold("used");
  expect((await volumes.list()).map(({ name, inUse }) => [name, inUse])).toEqual([
    ["idle", false],
    ["used", true],
  ]);
  await one[Symbol.asyncDispose]();
  await expect(volumes.remove("used")).rejects.toMatchObject({ code: "VOLUME_IN_USE" });
  expect(await volumes.prune()).toEqual(["idle"]);
  await two[Symbol.asyncDispose]();
  await others.remove("used");
  expect(await volumes.list()).toEqual([]);
  expect(existsSync(one.path)).toBe(false);
});

test("measures what its files take", async () => {
  const { path } = await volumes.create("data");
  const before = await volumes.measure("data");
  await writeFile(join(path, "large"), Buffer.alloc(1_000_000, 1));
  const after = await volumes.measure("data");
  expect(after.entries - before.entries).toBe(1);
  expect(after.diskBytes - before.diskBytes).toBeGreaterThanOrEqual(1_000_000);
});

test("a damaged record costs no volume its files, and no other volume anything", async () => {
  await volumes.create("good");
  for (const [name, text] of [
    ["cut", '{"version":1'],
    ["foreign", '{"version":9}'],
    ["huge", " ".repeat(300_000)],
  ] as const) {
    await volumes.create(name);
    await writeFile(join(directory, name, "volume.json"), text);
  }
  await volumes.create("missing");
  await rm(join(directory, "missing/volume.json"));
  const listed = await volumes.list();
  expect(listed.map(({ name, damage }) => [name, damage !== undefined])).toEqual([
    ["cut", true],
    ["foreign", true],
    ["good", false],
    ["huge", true],
    ["missing", true],
  ]);
  await using _held = await volumes.hold("cut");
  await volumes.remove("huge");
});

test("links in the place of a volume's files are not followed", async () => {
  const { path } = await volumes.create("data");
  await rm(path, { recursive: true });
  await symlink(scratch, path);
  await expect(volumes.hold("data")).rejects.toMatchObject({ code: "VOLUME_INVALID" });
  await rm(join(directory, "data/use.lock"));
  await symlink("/etc/passwd", join(directory, "data/use.lock"));
  await expect(volumes.remove("data")).rejects.toMatchObject({ code: "ELOOP" });
  expect(existsSync("/etc/passwd")).toBe(true);
});

test("what a killed process left is removed with the next volume", async () => {
  await volumes.create("data");
  mkdirSync(join(directory, ".staging/0123456789ab/data"), { recursive: true });
  await volumes.create("more");
  expect(await readdir(join(directory, ".staging"))).toEqual([]);
});

test.each(["", "..", "a/b", "-x", ".staging"])("VOLUME_INVALID: %j", async (name) => {
  for (const call of [volumes.create, volumes.get, volumes.hold, volumes.remove]) {
    await expect(call.bind(volumes)(name)).rejects.toMatchObject({ code: "VOLUME_INVALID" });
  }
});

test("VOLUME_NOT_FOUND, and labels that are too many", async () => {
  for (const call of [volumes.get, volumes.remove, volumes.measure]) {
    await expect(call.bind(volumes)("a")).rejects.toMatchObject({ code: "VOLUME_NOT_FOUND" });
  }
  const labels = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, ""]));
  await expect(volumes.create("a", { labels })).rejects.toMatchObject({ code: "VOLUME_INVALID" });
  expect(await volumes.list()).toEqual([]);
});

test("a signal ends the wait for a volume", async () => {
  const reason = new Error("enough");
  await expect(volumes.create("a", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a pinned volume stays until its owner gives it up, also when nothing runs", async () => {
  await volumes.pin(["data", "more"], "box1");
  await volumes.pin(["data"], "box2");
  const later = new Volumes(directory);
  expect((await later.list()).map(({ name, inUse }) => [name, inUse])).toEqual([
    ["data", true],
    ["more", true],
  ]);
  await expect(later.remove("data")).rejects.toMatchObject({ code: "VOLUME_IN_USE" });
  expect(await later.prune()).toEqual([]);
  expect([...(await later.pinOwners())].sort()).toEqual(["box1", "box2"]);
  expect(await later.unpin("box1")).toEqual(["more"]);
  await later.remove("more");
  expect(await later.unpin("box2")).toEqual(["data"]);
  expect(await later.prune()).toEqual(["data"]);
});
