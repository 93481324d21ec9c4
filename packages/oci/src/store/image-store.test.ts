import { chmod, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tryFileLock } from "@a3s/core";
import { testImage, testIndex, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { type Scratch, scratch } from "../../test/scratch.ts";
import { blobPath } from "../layout/blob-path.ts";
import { pull } from "../pull/pull.ts";
import { parseImageSource } from "../source/image-source.ts";
import { ImageStore } from "./image-store.ts";

const layer = testLayer([{ type: "file", path: "a", content: "a" }]);
const image = testImage({ layers: [layer] });
const other = testImage({ config: { Cmd: ["other"] } });

/** A store with two images, pulled from a layout. */
async function filled(files: Scratch): Promise<{ readonly store: ImageStore; readonly names: readonly string[] }> {
  await writeTestLayout(files.path("layout"), { one: image, two: other });
  const store = await files.store();
  const names = ["one", "two"].map((tag) => `oci:${files.path("layout")}:${tag}`);
  for (const name of names) await pull(name, { store });
  return { store, names };
}

test("a new store is an empty OCI image layout, and opening it again changes nothing", async () => {
  await using files = await scratch();
  await files.store();
  const before = await readFile(files.path("store", "index.json"), "utf8");
  expect(JSON.parse(before)).toMatchObject({ schemaVersion: 2, manifests: [] });
  expect(JSON.parse(await readFile(files.path("store", "oci-layout"), "utf8"))).toEqual({
    imageLayoutVersion: "1.0.0",
  });
  expect(await (await files.store()).list()).toEqual([]);
  expect(await readFile(files.path("store", "index.json"), "utf8")).toBe(before);
});

test("lists, resolves, gets and removes by any spelling of a name", async () => {
  await using files = await scratch();
  const { store, names } = await filled(files);
  const [one = "", two = ""] = names;
  expect((await store.list()).map(({ reference }) => reference)).toEqual(names);
  expect((await store.resolve(one))?.digest).toBe(image.descriptor.digest);
  expect((await store.get(two))?.config.cmd).toEqual(["other"]);
  expect(await store.get("alpine")).toBeUndefined();
  await store.name(parseImageSource("alpine"), { ...image.descriptor });
  expect((await store.get("docker.io/library/alpine:latest"))?.reference).toBe("docker.io/library/alpine:latest");
  expect(await store.remove("alpine")).toBe(true);
  expect(await store.remove("alpine")).toBe(false);
  expect((await store.list()).length).toBe(2);
});

test("unknown fields and entries of other tools survive", async () => {
  await using files = await scratch();
  const { store } = await filled(files);
  const path = files.path("store", "index.json");
  const index = JSON.parse(await readFile(path, "utf8"));
  const foreign = { ...other.descriptor, annotations: { theirs: "x" }, extra: 1 };
  await writeFile(path, JSON.stringify({ ...index, subject: "kept", manifests: [foreign, ...index.manifests] }));
  await store.name(parseImageSource("alpine"), image.descriptor);
  const after = JSON.parse(await readFile(path, "utf8"));
  expect(after.subject).toBe("kept");
  expect(after.manifests[0]).toEqual(foreign);
  expect(after.manifests.length).toBe(4);
});

test("opening removes what a killed process was writing, and passes over what older versions left", async () => {
  await using files = await scratch();
  await filled(files);
  const before = (await readdir(files.path("store"))).toSorted();
  for (const name of ["index.json.0123456789ab.tmp", "oci-layout.0123456789ab.tmp"]) {
    await writeFile(files.path("store", name), "{");
  }
  await writeFile(files.path("store", "index.lock"), "");
  expect((await (await files.store()).list()).length).toBe(2);
  expect((await readdir(files.path("store"))).toSorted()).toEqual([...before, "index.lock"].toSorted());
});

test("an abort leaves the wait for the lock of the store", async () => {
  await using files = await scratch();
  const { store } = await filled(files);
  await using _lock = await tryFileLock(files.path("store", "store.lock"));
  const reason = new Error("enough");
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    ImageStore.open(store.directory, { signal }),
    store.remove("alpine", { signal }),
    store.tag("alpine", "redis", { signal }),
    store.name(parseImageSource("alpine"), image.descriptor, { signal }),
    store.lease([image.descriptor.digest], { signal }),
    store.gc({ signal }),
    store.evict({ signal }),
    store.usage({ signal }),
  ];
  controller.abort(reason);
  expect(await Promise.allSettled(calls)).toEqual(calls.map(() => ({ status: "rejected", reason })));
});

test("many stores in one directory lose no update", async () => {
  await using files = await scratch();
  await filled(files);
  const names = Array.from({ length: 40 }, (_, number) => `x/y:t${number}`);
  await Promise.all(names.map(async (name) => (await files.store()).name(parseImageSource(name), image.descriptor)));
  expect((await (await files.store()).list()).length).toBe(42);
});

test.each([
  ["truncated", "index.json", '{"schemaVersion":2,"mani'],
  ["empty", "index.json", ""],
  ["of another version", "index.json", '{"schemaVersion":3,"manifests":[]}'],
  [
    "with a path as digest",
    "index.json",
    '{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"../x","size":1}]}',
  ],
  ["of another version", "oci-layout", '{"imageLayoutVersion":"2.0.0"}'],
])("a store file that is %s is an error that names it: %s", async (_what, name, content) => {
  await using files = await scratch();
  await filled(files);
  await writeFile(files.path("store", name), content);
  const error = { code: "STORE_CORRUPT", message: expect.stringContaining(files.path("store", name)) };
  await expect(files.store()).rejects.toMatchObject(error);
  expect(await readFile(files.path("store", name), "utf8")).toBe(content);
});

test("a missing index.json is never taken for an empty store", async () => {
  await using files = await scratch();
  const { store } = await filled(files);
  await rm(files.path("store", "index.json"));
  await expect(store.list()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  await expect(files.store()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
});

test("an image whose layer is gone or cut is not got, and pulling it again repairs it", async () => {
  await using files = await scratch();
  const { store, names } = await filled(files);
  const [one = ""] = names;
  const path = blobPath(store.directory, layer.digest);
  for (const damage of [() => rm(path), () => truncate(path, 3)]) {
    await damage();
    expect(await store.get(one)).toBeUndefined();
    const [pulled] = (await pull(one, { store })).layers;
    expect(await readFile(pulled?.path ?? "")).toEqual(Buffer.from(layer.bytes));
  }
});

test("a manifest that was changed in place is reported with its file", async () => {
  await using files = await scratch();
  const { store, names } = await filled(files);
  const path = blobPath(store.directory, image.descriptor.digest);
  await chmod(path, 0o600);
  await writeFile(path, Buffer.alloc(image.descriptor.size, " "));
  const error = { code: "STORE_CORRUPT", message: expect.stringContaining(path) };
  await expect(store.get(names[0] ?? "")).rejects.toMatchObject(error);
});

test("a directory that cannot be made is STORE_INACCESSIBLE", async () => {
  await using files = await scratch();
  await writeFile(files.path("file"), "");
  await expect(ImageStore.open(files.path("file", "store"))).rejects.toMatchObject({
    code: "STORE_INACCESSIBLE",
    details: { cause: "ENOTDIR" },
  });
});

test("an image without the platform's part is PLATFORM_NOT_FOUND, without its content absent", async () => {
  await using files = await scratch();
  const arm = testImage({ platform: { os: "linux", architecture: "arm64" } });
  const amd = testImage({ platform: { os: "linux", architecture: "amd64" } });
  await writeTestLayout(files.path("layout"), { x: testIndex([arm, amd]) });
  const store = await files.store();
  const name = `oci:${files.path("layout")}:x`;
  await pull(name, { store, platform: { os: "linux", architecture: "arm64" } });
  expect(await store.get(name, { platform: { os: "linux", architecture: "amd64" } })).toBeUndefined();
  await expect(store.get(name, { platform: { os: "linux", architecture: "x" } })).rejects.toMatchObject({
    code: "PLATFORM_NOT_FOUND",
  });
});
