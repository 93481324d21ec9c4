import type { TestContent, TestImage } from "@a3s/testing";
import type { ImageDestination } from "../src/transport/destination.ts";

/** Puts test images under names into a destination, and commits it. */
export async function putImages(
  destination: ImageDestination,
  images: Readonly<Record<string, TestImage>>,
): Promise<void> {
  for (const [name, { layers, configDescriptor, descriptor, blobs }] of Object.entries(images)) {
    for (const { mediaType, digest, bytes } of [
      ...layers,
      { ...configDescriptor, bytes: bytesOf(blobs, configDescriptor) },
    ]) {
      await destination.putBlob(
        { mediaType, digest, size: bytes.length },
        (offset) => once(bytes.subarray(offset)),
        {},
      );
    }
    const { mediaType, digest } = descriptor;
    await destination.putManifest({ bytes: bytesOf(blobs, descriptor), digest, mediaType }, { name });
  }
  await destination.commit({});
}

function bytesOf(blobs: TestContent["blobs"], { digest }: Pick<TestContent["descriptor"], "digest">): Uint8Array {
  const bytes = blobs.get(digest);
  if (bytes === undefined) throw new Error(`the test has no ${digest}`);
  return bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
