import { constants, createReadStream } from "node:fs";
import { lstat, open, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, isDigest, unlessMissing } from "@a3s/core";
import { readVerified } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import { blobPath } from "../layout/blob-path.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { storeCorrupt, storeFault } from "./store-fault.ts";

const ALGORITHMS = ["sha256", "sha512"];

/** What is below `blobs/`. */
export interface BlobListing {
  /** Sizes in bytes. */
  readonly sizes: ReadonlyMap<Digest, number>;
  /** Absolute paths of what is no blob: names that are no digests. Directories of algorithms that this package does not know are left alone. */
  readonly strays: readonly string[];
}

/** The blob files of a store. Their names are their digests; they are complete and never change. */
export class BlobFiles {
  readonly #store: string;

  constructor(store: string) {
    this.#store = store;
  }

  path(digest: Digest): string {
    return blobPath(this.#store, digest);
  }

  /** Whether a blob is there in full length. A link leads out of the store, and a FIFO never ends: neither is a blob. */
  async has({ digest, size }: Pick<ContentDescriptor, "digest" | "size">): Promise<boolean> {
    const found = await unlessMissing(lstat(this.path(digest)));
    return found?.isFile() === true && found.size === size;
  }

  /** Reads small content whole, checked again. The caller has compared `size` with a cap. @throws OciError `BLOB_NOT_FOUND`, `STORE_CORRUPT` */
  async read(descriptor: ContentDescriptor, signal: AbortSignal | undefined): Promise<Uint8Array> {
    if (!(await this.has(descriptor))) throw this.notFound(descriptor);
    const path = this.path(descriptor.digest);
    try {
      const stream = createReadStream(path, { end: descriptor.size, ...(signal === undefined ? {} : { signal }) });
      return await readVerified(stream, descriptor);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OciError) throw storeCorrupt(path, error.message, error);
      // Another process has removed it since.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw this.notFound(descriptor);
      throw storeFault(this.#store, error);
    }
  }

  /** Bytes as they are, unchecked; `undefined` when the blob is not there or larger than the cap. */
  async readUnchecked(digest: Digest, maxBytes: number): Promise<Uint8Array | undefined> {
    const path = this.path(digest);
    if ((await unlessMissing(lstat(path)))?.isFile() !== true) return undefined;
    await using file = await unlessMissing(open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
    if (file === undefined || (await file.stat()).size > maxBytes) return undefined;
    return await file.readFile();
  }

  async list(): Promise<BlobListing> {
    const sizes = new Map<Digest, number>();
    const strays: string[] = [];
    const blobs = join(this.#store, "blobs");
    for (const entry of await entriesOf(blobs)) {
      const directory = join(blobs, entry.name);
      if (!entry.isDirectory()) strays.push(directory);
      if (!entry.isDirectory() || !ALGORITHMS.includes(entry.name)) continue;
      for (const { name } of await entriesOf(directory)) {
        const digest = `${entry.name}:${name}`;
        const found = await unlessMissing(lstat(join(directory, name)));
        if (found === undefined) continue;
        if (isDigest(digest) && found.isFile()) sizes.set(digest, found.size);
        else strays.push(join(directory, name));
      }
    }
    return { sizes, strays };
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Notes that an image was used, as the modification time of its root's blob file. A store that cannot be written keeps the old time. */
  async touch(digest: Digest): Promise<void> {
    const now = new Date();
    await utimes(this.path(digest), now, now).catch(() => {});
  }

  /** When {@link touch} was called last, or the blob came in; milliseconds since 1970, 0 when it is not there. */
  async lastUsed(digest: Digest): Promise<number> {
    return (await unlessMissing(stat(this.path(digest))))?.mtimeMs ?? 0;
  }

  notFound({ digest }: Pick<ContentDescriptor, "digest">): OciError {
    return new OciError({
      code: "BLOB_NOT_FOUND",
      message: `The image store ${this.#store} does not have the blob ${digest}`,
      hint: "Pull the image again.",
      details: { directory: this.#store, digest },
    });
  }
}

async function entriesOf(directory: string) {
  return (await unlessMissing(readdir(directory, { withFileTypes: true }))) ?? [];
}
