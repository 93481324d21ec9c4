import { type TestContent, testImage, testIndex } from "@a3s/testing";
import { expect, test } from "vitest";
import type { Descriptor } from "./descriptor.ts";
import { selectImage } from "./select-image.ts";

const platform = { os: "linux", architecture: "amd64" };
const image = testImage({ platform });

function select(content: TestContent) {
  const load = async ({ digest, mediaType }: Descriptor) => {
    return { bytes: content.blobs.get(digest) ?? new Uint8Array(), digest, mediaType };
  };
  const root = content.descriptor as Descriptor;
  return load(root).then((raw) => selectImage(raw, platform, load));
}

function nested(depth: number): TestContent {
  return depth === 0 ? image : testIndex([nested(depth - 1)]);
}

test.each([0, 1, 4])("finds an image under %i indexes", async (depth) => {
  const { raw, path } = await select(nested(depth));
  expect(raw.digest).toBe(image.descriptor.digest);
  expect(path.length).toBe(depth + 1);
});

test("indexes nested deeper than allowed are refused", async () => {
  await expect(select(nested(5))).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
});

test("a wide nest of indexes ends", async () => {
  const empty = Array.from({ length: 40 }, (_, number) => testIndex([], { index: { number } }));
  await expect(select(testIndex(empty))).rejects.toThrow("more than 32 manifests");
});

test("what is offered is named, attestations are not", async () => {
  const arm = testImage({ platform: { os: "linux", architecture: "arm", variant: "v7" } });
  const attestation = testImage({ platform: { os: "unknown", architecture: "unknown" } });
  await expect(select(testIndex([arm, attestation]))).rejects.toThrow("is not for linux/amd64, but for linux/arm/v7");
});
