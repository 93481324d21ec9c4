import { createReadStream } from "node:fs";
import { blobPath } from "../layout/blob-path.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { ImageStore } from "../store/image-store.ts";
import { storeFault } from "../store/store-fault.ts";
import type { OpenContent } from "../transport/destination.ts";

/** Bytes read from the disk at once. */
const READ_BYTES = 256 * 1024;

/** Reads a blob out of the store, unchecked: a destination verifies what it takes. @throws OciError `STORE_INACCESSIBLE` */
export function storedContent(store: ImageStore, { digest }: ContentDescriptor): OpenContent {
  const path = blobPath(store.directory, digest);
  return async function* (offset) {
    try {
      yield* createReadStream(path, { start: offset, highWaterMark: READ_BYTES });
    } catch (error) {
      throw storeFault(store.directory, error);
    }
  };
}
