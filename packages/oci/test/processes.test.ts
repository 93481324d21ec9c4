import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { contentDigest } from "../src/content/content-digest.ts";
import { pull } from "../src/pull/pull.ts";
import { keepImage, once as oneChunk } from "./keep-image.ts";
import { scratch } from "./scratch.ts";

const run = promisify(execFile);
const MIB = 1024 * 1024;

/** A process that runs one of the programs beside this file. */
function start(program: URL, ...args: readonly string[]) {
  return spawn(process.execPath, [fileURLToPath(program), ...args], { stdio: ["pipe", "pipe", "inherit"] });
}

function exits(children: readonly ReturnType<typeof start>[]): Promise<readonly unknown[]> {
  for (const child of children) child.stdout.resume();
  return Promise.all(children.map((child) => once(child, "exit")));
}

const image = testImage({
  layers: [1, 2, 3].map(() => testLayer(randomBytes(2 * MIB), { compression: "none" })),
});

test("processes that change one store at the same time lose no update", async () => {
  await using files = await scratch();
  const store = await files.store();
  const children = ["a", "b", "c"].map((prefix) =>
    start(new URL("./name-images.ts", import.meta.url), store.directory, prefix, "20"),
  );
  expect(await exits(children)).toEqual(children.map(() => [0, null]));
  expect((await store.list()).length).toBe(60);
});

test("a lock that three processes want all the time is had by one at a time, and by all", async () => {
  await using files = await scratch();
  await writeFile(files.path("count"), "0");
  const children = [1, 2, 3].map(() =>
    start(new URL("./count-up.ts", import.meta.url), files.path("lock"), files.path("count"), "100"),
  );
  expect(await exits(children)).toEqual(children.map(() => [0, null]));
  expect(await readFile(files.path("count"), "utf8")).toBe("300");
});

test("processes that pull the same image fetch each blob once", async () => {
  await using files = await scratch();
  await using registry = await startTestRegistry({
    repositories: { a: { one: image } },
    faults: [{ kind: "blob", fault: { type: "throttle", bytesPerSecond: 8 * MIB } }],
  });
  const name = `${registry.host}/a:one`;
  const store = await files.store();
  const children = [1, 2, 3].map(() => start(new URL("./pull-image.ts", import.meta.url), store.directory, name));
  expect(await exits(children)).toEqual(children.map(() => [0, null]));
  const blobs = registry.requests.filter(({ kind }) => kind === "blob").map(({ path }) => path);
  expect(blobs.length).toBe(image.layers.length + 1);
  expect(new Set(blobs).size).toBe(blobs.length);
  expect(await store.verify()).toMatchObject({ checked: image.blobs.size, corrupt: [], missing: [] });
  for (const directory of ["ingest", "leases"]) expect(await readdir(files.path("store", directory))).toEqual([]);
  const { stdout } = await run("skopeo", ["--insecure-policy", "inspect", `oci:${store.directory}:${name}`]);
  expect(JSON.parse(stdout).Layers).toEqual(image.layers.map(({ digest }) => digest));
});

test("a blob whose process is killed goes on at the byte that it had come to, while another process waited", async () => {
  await using files = await scratch();
  const store = await files.store();
  const bytes = Buffer.alloc(5 * MIB);
  const descriptor = { mediaType: "a/b", digest: contentDigest(bytes), size: bytes.length };
  using child = start(
    new URL("./add-part.ts", import.meta.url),
    store.directory,
    descriptor.digest,
    String(descriptor.size),
    "3",
  );
  await once(child.stdout, "data");
  const adding = store.add(descriptor, (offset) => oneChunk(bytes.subarray(offset)));
  child.kill("SIGKILL");
  expect(await adding).toEqual({ taken: true, resumedFrom: 3 * MIB });
  expect(await readdir(files.path("store", "ingest"))).toEqual([]);
});

test("a lease holds as long as its process lives", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/b", image);
  using child = start(new URL("./hold-lease.ts", import.meta.url), store.directory, "a/b");
  await once(child.stdout, "data");
  await store.remove("a/b");
  expect((await store.gc()).removedBlobs).toBe(0);
  expect((await store.evict({ maxBytes: 0 })).removedBlobs).toBe(0);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect((await store.gc()).removedBlobs).toBe(image.blobs.size);
  expect(await readdir(files.path("store", "leases"))).toEqual([]);
});

test("pulls succeed while another process forgets the image and collects garbage without a pause", async () => {
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: image } } });
  const name = `${registry.host}/a:one`;
  const store = await files.store();
  using child = start(new URL("./collect-garbage.ts", import.meta.url), store.directory, name);
  await once(child.stdout, "data");
  const fetched = () => registry.requests.filter(({ kind }) => kind === "blob").length;
  while (fetched() < 5 * image.blobs.size) {
    expect((await pull(name, { store })).layers.length).toBe(image.layers.length);
  }
  const output = once(child.stdout, "data");
  child.stdin.end();
  expect(Number((await output)[0])).toBeGreaterThan(image.blobs.size);
  await pull(name, { store });
  expect(await store.verify()).toMatchObject({ checked: image.blobs.size, corrupt: [], missing: [] });
});
