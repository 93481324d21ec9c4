import { readdir, writeFile } from "node:fs/promises";
import type { Digest } from "@a3s/core";
import { testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { type Scratch, scratch } from "../../test/scratch.ts";
import type { ImageStore } from "./image-store.ts";
import { Leases } from "./leases.ts";

const image = testImage({ layers: [testLayer([{ type: "file", path: "a", content: "a" }])] });
const total = image.blobs.size;
const digest: Digest = `sha256:${"a".repeat(64)}`;

async function filled(files: Scratch): Promise<ImageStore> {
  const store = await files.store();
  await keepImage(store, "a/b", image);
  return store;
}

async function stored(store: ImageStore) {
  const found = await store.get("a/b");
  if (found === undefined) throw new Error("a/b is not there");
  return found;
}

test("an image under lease survives the loss of its name, until the lease is disposed", async () => {
  await using files = await scratch();
  const store = await filled(files);
  const lease = await store.lease(await stored(store));
  expect([...lease.digests].toSorted()).toEqual([...image.blobs.keys()].toSorted());
  await store.remove("a/b");
  expect((await store.gc()).removedBlobs).toBe(0);
  await lease[Symbol.asyncDispose]();
  await lease[Symbol.asyncDispose]();
  expect((await store.gc()).removedBlobs).toBe(total);
  expect(await readdir(files.path("store", "leases"))).toEqual([]);
});

test("a named lease outlives the store's object until it is released", async () => {
  await using files = await scratch();
  const store = await filled(files);
  await store.lease(await stored(store), { name: "box-1" });
  await store.lease([digest], { name: "box-2" });
  await store.remove("a/b");
  const again = await files.store();
  expect((await again.gc()).removedBlobs).toBe(0);
  expect(await again.release("box-1")).toBe(true);
  expect(await again.release("box-1")).toBe(false);
  expect((await again.gc()).removedBlobs).toBe(total);
});

test("a named lease takes the place of the one before, and disposing it releases it", async () => {
  await using files = await scratch();
  const store = await filled(files);
  const found = await stored(store);
  await store.lease(found, { name: "box" });
  {
    await using lease = await store.lease([digest], { name: "box" });
    expect(lease).toMatchObject({ name: "box", digests: [digest] });
  }
  expect(await store.release("box")).toBe(false);
});

test("an image that is not whole any more cannot be leased", async () => {
  await using files = await scratch();
  const store = await filled(files);
  const found = await stored(store);
  await store.remove("a/b");
  await store.gc();
  await expect(store.lease(found)).rejects.toMatchObject({ code: "BLOB_NOT_FOUND" });
  expect(await readdir(files.path("store", "leases"))).toEqual([]);
});

test.each(["", "A", "../x", ".a", "a/b", "a".repeat(65)])("%j is not a name of a lease", async (name) => {
  await using files = await scratch();
  const store = await files.store();
  await expect(store.lease([digest], { name })).rejects.toThrow(TypeError);
  await expect(store.release(name)).rejects.toThrow(TypeError);
});

test("more digests than a lease file may have are refused before anything is written", async () => {
  await using files = await scratch();
  const leases = new Leases(files.path("leases"));
  const digests = Array.from({ length: 40_000 }, () => digest);
  await expect(leases.hold(digests)).rejects.toThrow(RangeError);
  await expect(leases.write("many", digests)).rejects.toThrow(RangeError);
  expect(await readdir(files.path("leases"))).toEqual([]);
});

test.each(["{", '{"digests":["../x"]}', "x".repeat(3 << 20)])(
  "a damaged named lease stops a collection: %.20s",
  async (text) => {
    await using files = await scratch();
    const store = await filled(files);
    await store.remove("a/b");
    await store.lease([digest], { name: "box" });
    const [name = ""] = await readdir(files.path("store", "leases"));
    const path = files.path("store", "leases", name);
    await writeFile(path, text);
    await expect(store.gc()).rejects.toMatchObject({ code: "STORE_CORRUPT", details: { path } });
    expect((await store.verify()).checked).toBe(total);
  },
);
