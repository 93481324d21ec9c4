import { startTestRegistry, testImage, testIndex, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { scratch } from "../../test/scratch.ts";
import { pull } from "./pull.ts";

const platform = { os: "linux", architecture: "amd64" };
const layers = ["a", "b"].map((content) => testLayer([{ type: "file", path: content, content }]));
const plain = testImage({ layers, platform });

function base64(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("base64");
}

/** The image with its configuration and first layer inside the manifest, and the manifest inside an index. */
function inlined() {
  const { configDescriptor } = plain;
  const image = testImage({
    layers,
    platform,
    manifest: {
      config: { ...configDescriptor, data: base64(plain.blobs.get(configDescriptor.digest)) },
      layers: layers.map(({ mediaType, digest, bytes }, position) => ({
        mediaType,
        digest,
        size: bytes.length,
        ...(position === 0 ? { data: base64(bytes) } : {}),
      })),
    },
  });
  const { descriptor } = image;
  const entry = { ...descriptor, data: base64(image.blobs.get(descriptor.digest)) };
  return { image, index: testIndex([image], { index: { manifests: [entry] } }) };
}

test("content that descriptors carry is stored without a request for it", async () => {
  const { image, index } = inlined();
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: index } } });
  const pulled = await pull(`${registry.host}/a:one`, { store: await files.store(), platform });
  expect(pulled).toMatchObject({ rootDigest: index.descriptor.digest, manifestDigest: image.descriptor.digest });
  const asked = registry.requests.filter(({ kind }) => kind === "blob" || kind === "manifest");
  expect(asked.map(({ path }) => path.split("/").at(-1))).toEqual(["one", layers[1]?.digest]);
});

test("carried content that is not what its digest names is refused", async () => {
  const manifest = { config: { ...plain.configDescriptor, data: base64(Buffer.from("{}")) } };
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: testImage({ platform, manifest }) } } });
  const pulling = pull(`${registry.host}/a:one`, { store: await files.store(), platform });
  await expect(pulling).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
});
