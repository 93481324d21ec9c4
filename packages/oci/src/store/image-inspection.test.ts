import { testImage, testIndex, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { scratch } from "../../test/scratch.ts";

const layer = testLayer([{ type: "file", path: "a", content: "a" }]);
const created = "2026-01-02T03:04:05Z";
const [amd, arm] = (["amd64", "arm64"] as const).map((architecture) =>
  testImage({
    platform: { os: "linux", architecture },
    layers: [layer],
    config: { Cmd: [architecture] },
    imageConfig: { created },
  }),
) as [ReturnType<typeof testImage>, ReturnType<typeof testImage>];
const attestation = testImage({
  platform: { os: "unknown", architecture: "unknown" },
  layers: [{ ...layer, mediaType: "application/vnd.in-toto+json" }],
});
const index = testIndex([amd, testIndex([arm]), attestation]);

test("tells the platforms that are there and those that are not", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/b", index, [arm.descriptor.digest]);
  const before = Date.now();
  await store.get("a/b", { platform: { os: "linux", architecture: "amd64" } });
  const inspected = await store.inspect("a/b");
  expect(inspected).toMatchObject({
    reference: "docker.io/a/b:latest",
    descriptor: index.descriptor,
    manifests: [
      {
        platform: { os: "linux", architecture: "amd64" },
        present: true,
        created,
        config: { cmd: ["amd64"] },
        manifest: { config: amd.configDescriptor },
        layers: [{ descriptor: { digest: layer.digest, size: layer.bytes.length }, present: true }],
      },
      {
        descriptor: { digest: arm.descriptor.digest },
        platform: { architecture: "arm64" },
        present: false,
        layers: [],
      },
      { platform: { os: "unknown" }, present: true, layers: [] },
    ],
  });
  expect(inspected?.manifests[2]).not.toHaveProperty("manifest");
  expect(Date.parse(inspected?.lastUsed ?? "")).toBeGreaterThan(before - 100);
  expect(structuredClone(inspected)).toEqual(inspected);
});

test("tells sizes, and what other names share", async () => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/amd", amd);
  const totalBytes = [...amd.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  expect(await store.inspect("a/amd")).toMatchObject({ totalBytes, uniqueBytes: totalBytes });
  await keepImage(store, "a/arm", arm);
  expect(await store.inspect("a/amd")).toMatchObject({ totalBytes, uniqueBytes: totalBytes - layer.bytes.length });
});

test.each([
  ["layer", layer.digest],
  ["configuration", amd.configDescriptor.digest],
])("an image without its %s is not present", async (_what, digest) => {
  await using files = await scratch();
  const store = await files.store();
  await keepImage(store, "a/amd", amd, [digest]);
  expect((await store.inspect("a/amd"))?.manifests).toMatchObject([{ present: false }]);
});

test("a name that is not there is undefined; one whose content is gone has one manifest, absent", async () => {
  await using files = await scratch();
  const store = await files.store();
  expect(await store.inspect("a/amd")).toBeUndefined();
  await keepImage(store, "a/amd", amd, [...amd.blobs.keys()]);
  expect(await store.inspect("a/amd")).toMatchObject({
    manifests: [{ present: false }],
    totalBytes: 0,
    lastUsed: new Date(0).toISOString(),
  });
});
