import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

let agent: RealAgent;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await scratch?.[Symbol.asyncDispose]();
  scratch = await scratchDirectory();
  chmodSync(scratch.path, 0o755);
});

const files = () => agent.client.files;
const at = (...names: string[]) => join(scratch.path, ...names);
const MIB = 1024 * 1024;

/** Waits until nothing else is in the directory: the agent cleans up after a call that was broken off. */
async function only(name: string): Promise<void> {
  const watching = new AbortController();
  const changes = watch(scratch.path, { signal: watching.signal })[Symbol.asyncIterator]();
  // Begins to watch before the directory is read.
  let change = changes.next();
  while (readdirSync(scratch.path).some((each) => each !== name)) {
    await change;
    change = changes.next();
  }
  change.catch(() => {});
  watching.abort();
  expect(readdirSync(scratch.path)).toEqual([name]);
}

test("64 MiB pass as streams in both directions", { timeout: 60_000 }, async () => {
  const sent = createHash("sha256");
  async function* source() {
    for (let piece = 0; piece < 64; piece++) {
      const chunk = randomBytes(MIB);
      sent.update(chunk);
      yield chunk;
    }
  }
  await files().writeFile(at("large"), source());
  const received = createHash("sha256");
  for await (const chunk of files().createReadStream(at("large"))) received.update(chunk);
  expect(received.digest("hex")).toBe(sent.digest("hex"));
  expect(statSync(at("large")).size).toBe(64 * MIB);
});

test("files of /proc, which have no size, are read to their end", async () => {
  const status = await files().readFile("/proc/self/status", { encoding: "utf8" });
  expect(status).toMatch(/^Name:\ta3s-agent$/m);
});

test("writing replaces a file at once, and keeps mode and owner", async () => {
  writeFileSync(at("config"), "old", { mode: 0o640 });
  chmodSync(at("config"), 0o640);
  const before = statSync(at("config"));
  const { promise: half, resolve: wroteHalf } = Promise.withResolvers<void>();
  const { promise: go, resolve: goOn } = Promise.withResolvers<void>();
  async function* source() {
    yield "ne";
    wroteHalf();
    await go;
    yield "w";
  }
  const written = files().writeFile(at("config"), source());
  await half;
  await files().stat(at("config"));
  expect(readFileSync(at("config"), "utf8")).toBe("old");
  goOn();
  await written;
  expect(readFileSync(at("config"), "utf8")).toBe("new");
  const after = statSync(at("config"));
  expect([after.mode & 0o7777, after.ino === before.ino]).toEqual([0o640, false]);
  expect(readdirSync(scratch.path)).toEqual(["config"]);
});

test("a source that fails leaves the file as it was, and nothing beside it", async () => {
  writeFileSync(at("kept"), "old");
  async function* broken() {
    yield randomBytes(MIB);
    throw new Error("disk gone");
  }
  await expect(files().writeFile(at("kept"), broken())).rejects.toMatchObject({
    code: "FILE_SOURCE_FAILED",
    cause: expect.objectContaining({ message: "disk gone" }),
  });
  await expect(files().writeFile(at("fresh"), broken(), { flag: "wx" })).rejects.toMatchObject({
    code: "FILE_SOURCE_FAILED",
  });
  const controller = new AbortController();
  async function* endless() {
    yield randomBytes(MIB);
    controller.abort("enough");
    await new Promise(() => {});
  }
  const aborted = files().writeFile(at("kept"), endless(), { signal: controller.signal });
  await expect(aborted).rejects.toBe("enough");
  await only("kept");
  expect(readFileSync(at("kept"), "utf8")).toBe("old");
});

test("a write stream is complete when it is closed", async () => {
  const writer = files().createWriteStream(at("streamed")).getWriter();
  for (let line = 0; line < 100; line++) await writer.write(`line ${line}\n`);
  await writer.close();
  expect(readFileSync(at("streamed"), "utf8").split("\n")).toHaveLength(101);
  const aborted = files().createWriteStream(at("streamed")).getWriter();
  await aborted.write("half");
  await aborted.abort("no");
  expect(readFileSync(at("streamed"), "utf8")).toMatch(/^line 0\n/);
  const failing = files()
    .createWriteStream(at("no", "such", "directory"))
    .getWriter();
  await expect(failing.write("x").then(() => failing.close())).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});

test("stat says what a file is, and lstat what a link is", async () => {
  writeFileSync(at("file"), "12345", { mode: 0o644 });
  chmodSync(at("file"), 0o4750);
  symlinkSync("file", at("link"));
  const real = statSync(at("file"));
  const stats = await files().stat(at("link"));
  expect(stats).toMatchObject({ type: "file", size: 5, mode: 0o4750, uid: real.uid, nlink: 1, ino: BigInt(real.ino) });
  expect([stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()]).toEqual([true, false, false]);
  expect(Math.abs(stats.mtimeMs - real.mtimeMs)).toBeLessThan(1);
  expect(stats.mtime.getFullYear()).toBeGreaterThan(2000);
  expect((await files().lstat(at("link"))).isSymbolicLink()).toBe(true);
  expect((await files().stat("/dev/null")).type).toBe("character-device");
  expect([
    await files().exists(at("file")),
    await files().exists(at("none")),
    await files().exists(at("file", "x")),
  ]).toEqual([true, false, false]);
});

test("directories are listed whatever they hold", async () => {
  mkdirSync(at("many"));
  const names = Array.from({ length: 2000 }, (_, number) => `${"n".repeat(100)}${number}`);
  for (const name of names) writeFileSync(at("many", name), "");
  expect((await files().readdir(at("many"))).toSorted()).toEqual(names.toSorted());
  await expect(files().readdir(at("many"), { maxEntries: 100 })).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  for await (const entry of files().opendir(at("many"))) {
    expect(entry.isFile()).toBe(true);
    break;
  }
  mkdirSync(at("tree", "a", "b"), { recursive: true });
  symlinkSync("..", at("tree", "a", "up"));
  expect((await files().readdir(at("tree"), { recursive: true })).toSorted()).toEqual(["a", "a/b", "a/up"]);
});

test("removing a tree does not follow links, and removes names of any bytes and any depth", async () => {
  mkdirSync(at("outside"));
  writeFileSync(at("outside", "kept"), "");
  mkdirSync(at("tree"));
  symlinkSync("../outside", at("tree", "link"));
  symlinkSync("nothing", at("tree", "dangling"));
  let deep = at("tree");
  for (let depth = 0; depth < 200; depth++) {
    deep = join(deep, "d");
    mkdirSync(deep);
  }
  await files().rm(at("tree"), { recursive: true });
  expect(readdirSync(scratch.path)).toEqual(["outside"]);
  expect(readdirSync(at("outside"))).toEqual(["kept"]);
});
