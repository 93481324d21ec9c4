import type { TestContent } from "@a3s/testing";
import { parseImageSource } from "../src/source/image-source.ts";
import type { ImageStore } from "../src/store/image-store.ts";

/** Puts an image into a store without a source; `without` leaves blobs out, as a pull for one platform does. */
export async function keepImage(
  store: ImageStore,
  name: string,
  { descriptor, blobs }: TestContent,
  without: readonly string[] = [],
): Promise<void> {
  for (const [digest, bytes] of blobs) {
    if (without.includes(digest)) continue;
    await store.add({ mediaType: "application/octet-stream", digest, size: bytes.length }, () => once(bytes));
  }
  await store.name(parseImageSource(name), descriptor);
}

/** Content of one chunk. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
