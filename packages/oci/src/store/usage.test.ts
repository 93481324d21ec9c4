import { writeFile } from "node:fs/promises";
import { testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { scratch } from "../../test/scratch.ts";

const layer = (name: string, size: number) =>
  testLayer([{ type: "file", path: name, content: name.repeat(size) }], { compression: "none" });
const shared = layer("s", 50_000);
const one = testImage({ layers: [shared, layer("1", 1000)], config: { Cmd: ["1"] } });
const two = testImage({ layers: [shared, layer("2", 9000)], config: { Cmd: ["2"] } });
const bytesOf = ({ blobs }: typeof one) => [...blobs.values()].reduce((sum, { length }) => sum + length, 0);

test("counts shared content once, and per image what only it has", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/one", one);
  await keepImage(store, "a/two", two);
  const usage = await store.usage();
  const sharedBytes = shared.bytes.length;
  expect(usage).toEqual({
    blobs: 7,
    bytes: bytesOf(one) + bytesOf(two) - sharedBytes,
    unreferencedBytes: 0,
    partialBytes: 0,
    images: [one, two].map((image, position) => ({
      reference: `docker.io/a/${position === 0 ? "one" : "two"}:latest`,
      totalBytes: bytesOf(image),
      uniqueBytes: bytesOf(image) - sharedBytes,
      sharedBytes,
    })),
  });
});

test("tells what a collection would free, which leases and other names keep, and parts of blobs", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/one", one);
  await keepImage(store, "a/two", two);
  await writeFile(files.path("store", "ingest", "sha256-part"), "12345");
  await store.remove("a/one");
  const { unreferencedBytes, partialBytes } = await store.usage();
  expect([unreferencedBytes, partialBytes]).toEqual([bytesOf(one) - shared.bytes.length, 5]);
  await using _lease = await store.lease([one.descriptor.digest]);
  expect((await store.usage()).unreferencedBytes).toBe(unreferencedBytes - one.descriptor.size);
  expect((await store.gc()).freedBytes).toBe(unreferencedBytes - one.descriptor.size);
  expect((await store.usage()).unreferencedBytes).toBe(0);
});
