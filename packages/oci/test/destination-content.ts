import type { Digest } from "@a3s/core";
import type { TestContent, TestDescriptor, TestImage } from "@a3s/testing";
import { expect } from "vitest";
import { readVerified } from "../src/content/verify-content.ts";
import type { ContentDescriptor } from "../src/manifest/descriptor.ts";
import { parseManifest, type RawManifest } from "../src/manifest/manifest.ts";
import type { TypedManifest } from "../src/manifest/select-image.ts";
import type { ImageDestination, OpenContent } from "../src/transport/destination.ts";
import type { ImageTransport } from "../src/transport/transport.ts";

const call = {};

/** Content of a test with what identifies it. */
export interface TestBlob {
  readonly descriptor: ContentDescriptor;
  readonly bytes: Uint8Array;
  /** Digest of the content without compression. */
  readonly plain: Digest;
}

/** Puts the blobs of an image and then its manifest. */
export async function putImage(destination: ImageDestination, content: TestImage, name?: string): Promise<void> {
  for (const blob of blobsOf(content)) await destination.putBlob(blob.descriptor, contentOf(blob), call);
  await destination.putManifest(manifestOf(content), { name });
}

/** Puts test images under names into a destination, and commits it. */
export async function putImages(
  destination: ImageDestination,
  images: Readonly<Record<string, TestImage>>,
): Promise<void> {
  for (const [name, image] of Object.entries(images)) await putImage(destination, image, name);
  await destination.commit(call);
}

/** The layers of an image and then its configuration. */
export function blobsOf({ layers, configDescriptor, blobs }: TestImage): readonly TestBlob[] {
  const { mediaType, digest, size } = configDescriptor;
  const config = { descriptor: { mediaType, digest, size }, bytes: bytesOf(blobs, digest), plain: digest };
  return [
    ...layers.map(({ mediaType, digest, bytes, diffId }) => ({
      descriptor: { mediaType, digest, size: bytes.length },
      bytes,
      plain: diffId,
    })),
    config,
  ];
}

/** Gives content in pieces. */
export function contentOf({ bytes }: { readonly bytes: Uint8Array }, pieceBytes = 65_536): OpenContent {
  return async function* (offset) {
    for (let at = offset; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
}

/** The manifest or index that test content stands for. */
export function manifestOf({ descriptor, blobs }: TestContent): TypedManifest {
  const { digest, mediaType } = descriptor;
  return { bytes: bytesOf(blobs, digest), digest, mediaType };
}

function bytesOf(blobs: TestContent["blobs"], digest: Digest): Uint8Array {
  const bytes = blobs.get(digest);
  if (bytes === undefined) throw new Error(`the test has no ${digest}`);
  return bytes;
}

/** The manifest or index, and everything that it leads to, are there byte for byte. */
export async function expectBytes(transport: ImageTransport, { descriptor, blobs }: TestContent): Promise<void> {
  const root = await transport.rootManifest(call);
  expect(root).toMatchObject({ digest: descriptor.digest, mediaType: descriptor.mediaType });
  const pending: (TestDescriptor | RawManifest)[] = [descriptor];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { digest, mediaType, size } = next as TestDescriptor;
    const raw = await transport.manifest({ digest, mediaType, size }, call);
    expect(Buffer.from(raw.bytes).equals(bytesOf(blobs, digest))).toBe(true);
    const parsed = parseManifest(raw);
    if (parsed.kind === "index") pending.push(...(parsed.index.manifests as TestDescriptor[]));
    else
      for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) await expectBlob(transport, blob, blobs);
  }
}

async function expectBlob(transport: ImageTransport, blob: ContentDescriptor, blobs: TestContent["blobs"]) {
  const bytes = await readVerified(transport.blob(blob, call), blob);
  expect(Buffer.from(bytes).equals(bytesOf(blobs, blob.digest))).toBe(true);
}

/** The configuration is there byte for byte, and the layers that it names by their digests are, unpacked. */
export async function expectLayers(transport: ImageTransport, wanted: TestContent): Promise<void> {
  const parsed = parseManifest(await transport.rootManifest(call));
  const expected = parseManifest(manifestOf(wanted));
  if (parsed.kind === "index" || expected.kind === "index") throw new Error("an index is no image");
  await expectBlob(transport, parsed.manifest.config, wanted.blobs);
  const config = JSON.parse(Buffer.from(bytesOf(wanted.blobs, parsed.manifest.config.digest)).toString("utf8"));
  expect(parsed.manifest.layers.map(({ digest }) => digest)).toEqual(config.rootfs.diff_ids);
  for (const layer of parsed.manifest.layers) await readVerified(transport.blob(layer, call), layer);
}
