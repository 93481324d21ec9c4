import { execFile } from "node:child_process";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import type { ImageStore } from "../src/store/image-store.ts";
import { keepImage } from "./keep-image.ts";
import { type Scratch, scratch } from "./scratch.ts";

const run = promisify(execFile);
const layer = testLayer([{ type: "file", path: "a", content: "a" }]);
const image = testImage({ layers: [layer] });

/** A store with an image and, in the place of one of its files, something else. */
async function withReplaced(
  name: string,
  replace: (path: string, files: Scratch) => Promise<unknown>,
  use: (store: ImageStore) => Promise<void>,
): Promise<void> {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/one", image);
  const path = files.path("store", name);
  await rename(path, files.path("original")).catch(() => {});
  await replace(path, files);
  await use(store);
}

const fifo = (path: string) => run("mkfifo", [path]);
const link = (path: string, files: Scratch) => symlink(files.path("original"), path);
const blobName = (digest: string) => `blobs/${digest.replace(":", "/")}`;

test.each([
  ["FIFO", fifo],
  ["directory", (path: string) => mkdir(path)],
  ["link to /dev/zero", (path: string) => symlink("/dev/zero", path)],
])("an index.json that is a %s is STORE_CORRUPT or STORE_INACCESSIBLE at once", async (_what, replace) => {
  await withReplaced("index.json", replace, async (store) => {
    const code = expect.stringMatching(/^STORE_/);
    await expect(store.list()).rejects.toMatchObject({ code });
    await expect(store.gc()).rejects.toMatchObject({ code });
  });
});

test.each([
  ["FIFO", fifo],
  ["link to a file of the same length", link],
])("a manifest that is a %s counts as missing and does not stop a collection", async (_what, replace) => {
  await withReplaced(blobName(image.descriptor.digest), replace, async (store) => {
    expect(await store.has(image.descriptor)).toBe(false);
    expect(await store.get("a/one")).toBeUndefined();
    expect((await store.gc()).removedBlobs).toBe(2);
  });
});

test("a link in the place of a blob is replaced by the blob, and what it led to stays as it was", async () => {
  await withReplaced(blobName(layer.digest), link, async (store) => {
    const descriptor = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };
    const { taken } = await store.add(descriptor, async function* () {
      yield layer.bytes;
    });
    expect(taken).toBe(true);
    expect((await store.get("a/one"))?.layers[0]?.path).toBe(`${store.directory}/${blobName(layer.digest)}`);
    await rm(`${store.directory}/${blobName(layer.digest)}`);
    expect((await readFile(`${store.directory}/../original`)).equals(layer.bytes)).toBe(true);
  });
});

test("a FIFO or a link among the leases stops a collection with an error rather than for ever", async () => {
  await using files = await scratch();
  const store = await files.store();
  await (await store.lease([image.descriptor.digest]))[Symbol.asyncDispose]();
  await fifo(files.path("store", "leases", "a.named.json"));
  await expect(store.gc()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  await rm(files.path("store", "leases", "a.named.json"));
  await writeFile(files.path("other"), "{}");
  await symlink(files.path("other"), files.path("store", "leases", "a.named.json"));
  await expect(store.gc()).rejects.toMatchObject({ code: "STORE_INACCESSIBLE" });
});
