import { readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { type Scratch, scratch } from "../../test/scratch.ts";
import { blobPath } from "../layout/blob-path.ts";
import { BlobFiles } from "./blob-files.ts";
import { evictImages } from "./evict-images.ts";
import { writeFewerNames } from "./garbage.ts";
import type { ImageStore } from "./image-store.ts";
import { IndexFile } from "./index-file.ts";
import { withoutName } from "./index-names.ts";
import { Leases } from "./leases.ts";

const MIB = 1024 * 1024;
const layer = (name: string) =>
  testLayer([{ type: "file", path: name, content: name.repeat(MIB) }], { compression: "none" });
const shared = layer("s");
const images = ["a", "b", "c"].map((name) => testImage({ layers: [shared, layer(name)], config: { Cmd: [name] } }));

/** Three images of 1 MiB each that share a layer of 1 MiB; `a/a` was used first. */
async function filled(files: Scratch): Promise<ImageStore> {
  const store = await files.store();
  for (const [position, image] of images.entries()) {
    await keepImage(store, `a/${"abc".charAt(position)}`, image);
    const time = new Date(2020, 1, 1 + position);
    await utimes(blobPath(store.directory, image.descriptor.digest), time, time);
  }
  return store;
}

const left = async (store: ImageStore) =>
  (await store.list()).map(({ reference }) => reference.split("/")[2]?.charAt(0)).join("");

test("the least recently used images go until the rest fits", async () => {
  await using files = await scratch();
  const store = await filled(files);
  expect(await store.evict()).toEqual({ removedReferences: [], removedBlobs: 0, freedBytes: 0 });
  const evicted = await store.evict({ maxBytes: 3.5 * MIB });
  expect(evicted).toMatchObject({ removedReferences: ["docker.io/a/a:latest"], removedBlobs: 3 });
  expect(evicted.freedBytes).toBeGreaterThan(MIB);
  expect(await left(store)).toBe("bc");
  expect((await store.get("a/b"))?.layers.length).toBe(2);
});

test("to get or to lease an image is to use it", async () => {
  await using files = await scratch();
  const store = await filled(files);
  const found = await store.get("a/a");
  await store.evict({ maxBytes: 3.5 * MIB });
  expect(await left(store)).toBe("ac");
  const past = new Date(2020, 0, 1);
  await utimes(blobPath(store.directory, found?.rootDigest ?? "sha256:"), past, past);
  if (found !== undefined) await (await store.lease(found))[Symbol.asyncDispose]();
  await store.evict({ maxBytes: 2.5 * MIB });
  expect(await left(store)).toBe("a");
});

test("images under lease, images to keep and entries of other tools stay", async () => {
  await using files = await scratch();
  const store = await filled(files);
  const found = await store.get("a/a");
  await using _lease = await store.lease(found ?? []);
  const path = files.path("store", "index.json");
  const index = JSON.parse(await readFile(path, "utf8"));
  const foreign = { ...images[2]?.descriptor, annotations: { theirs: "x" } };
  await writeFile(path, JSON.stringify({ ...index, manifests: [...index.manifests, foreign] }));
  expect((await store.evict({ maxBytes: 0, keep: ["docker.io/a/b"] })).removedReferences).toEqual([]);
  expect((await store.evict({ maxBytes: 0 })).removedReferences).toEqual(["docker.io/a/b:latest"]);
  expect((await store.get("a/c"))?.config.cmd).toEqual(["c"]);
});

test("names of one image go together", async () => {
  await using files = await scratch();
  const store = await filled(files);
  await store.tag("a/a", "a/again");
  const { removedReferences } = await store.evict({ maxBytes: 3.5 * MIB });
  expect(removedReferences).toEqual(["docker.io/a/a:latest", "docker.io/a/again:latest"]);
});

/** The files of a store on a disk that is full as long as there are so many blobs. */
function onFullDisk({ directory }: ImageStore, blobsThatFill: number) {
  const blobs = new BlobFiles(directory);
  const index = new (class extends IndexFile {
    override async write(json: Parameters<IndexFile["write"]>[0]) {
      const isFull = (await blobs.list()).sizes.size >= blobsThatFill;
      if (isFull) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      await super.write(json);
    }
  })(directory);
  return { blobs, index, leases: new Leases(join(directory, "leases")) };
}

test("a full disk does not keep images from being removed, and leased ones stay", async () => {
  await using files = await scratch();
  const store = await filled(files);
  await using _lease = await store.lease(images.slice(2).flatMap(({ blobs }) => [...blobs.keys()]));
  const full = onFullDisk(store, 10);
  const index = await full.index.read();
  expect(await writeFewerNames(full, withoutName(index, "docker.io/a/a:latest"))).toMatchObject({ removedBlobs: 3 });
  expect(await left(store)).toBe("bc");
  const fuller = onFullDisk(store, 7);
  const evicted = await evictImages(fuller, { maxBytes: 0, keep: new Set() });
  expect(evicted).toMatchObject({ removedReferences: ["docker.io/a/b:latest"], removedBlobs: 3 });
  expect((await store.get("a/c"))?.layers.length).toBe(2);
});

test("a disk that stays full keeps the names", async () => {
  await using files = await scratch();
  const store = await filled(files);
  await expect(evictImages(onFullDisk(store, 0), { maxBytes: 0, keep: new Set() })).rejects.toThrow("ENOSPC");
  expect(await left(store)).toBe("abc");
  expect(await store.get("a/a")).toBeUndefined();
});

test.each([Number.NaN, -1])("%s bytes to keep are refused, and nothing goes", async (maxBytes) => {
  await using files = await scratch();
  const store = await filled(files);
  await expect(store.evict({ maxBytes })).rejects.toThrow(RangeError);
  expect(await left(store)).toBe("abc");
});
