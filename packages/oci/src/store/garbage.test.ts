import { readdir, readFile, writeFile } from "node:fs/promises";
import { jsonBlob, testImage, testIndex, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { scratch } from "../../test/scratch.ts";

const shared = testLayer([{ type: "file", path: "shared", content: "s" }]);
const platforms = (["amd64", "arm64"] as const).map((architecture) =>
  testImage({ platform: { os: "linux", architecture }, layers: [shared] }),
);
const index = testIndex([testIndex(platforms)]);
const lone = testImage({ layers: [shared], config: { Cmd: ["lone"] } });

test("removes what no name leads to, and nothing else", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/index", index);
  await keepImage(store, "a/lone", lone);
  await writeFile(files.path("store", "ingest", "sha256-part"), "part");
  expect(await store.gc()).toEqual({ removedBlobs: 0, freedBytes: 0 });
  await store.remove("a/lone");
  const own = [lone.descriptor, lone.configDescriptor];
  const freedBytes = own.reduce((sum, { size }) => sum + size, 0);
  expect(await store.gc()).toEqual({ removedBlobs: 2, freedBytes });
  for (const { descriptor } of platforms) expect(await store.has(descriptor)).toBe(true);
  await store.remove("a/index");
  await store.gc();
  expect(await readdir(files.path("store", "blobs", "sha256"))).toEqual([]);
  expect(await readdir(files.path("store", "ingest"))).toEqual(["sha256-part"]);
});

test("what entries of other tools lead to stays, also artifacts", async () => {
  await using files = await scratch();
  const store = await files.store();
  const blob = jsonBlob("application/x", { some: "thing" });
  const type = "application/vnd.oci.image.manifest.v1+json";
  const artifact = jsonBlob(type, { schemaVersion: 2, artifactType: "a/b", config: blob.descriptor, layers: [] });
  const blobs = new Map([blob, artifact].map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
  await keepImage(store, "a/artifact", { descriptor: artifact.descriptor, blobs });
  const path = files.path("store", "index.json");
  const { manifests, ...rest } = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...rest, manifests: [{ ...manifests[0], annotations: { theirs: "x" } }] }));
  expect((await store.gc()).removedBlobs).toBe(0);
});

test("an abort leaves a collection, and a damaged index.json stops it", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/lone", lone);
  const reason = new Error("enough");
  await expect(store.gc({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  await writeFile(files.path("store", "index.json"), "");
  await expect(store.gc()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  expect((await readdir(files.path("store", "blobs", "sha256"))).length).toBe(lone.blobs.size);
});
