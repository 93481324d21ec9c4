import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { guestPlatform, Operation, type Platform } from "@a3s/core";
import { ArchiveFiles, type ArchiveOptions } from "../archive/archive-files.ts";
import { DirectoryFiles } from "../layout/directory-files.ts";
import type { PullEvent } from "../pull/pull-event.ts";
import { pullImage } from "../pull/pull-image.ts";
import { DEFAULT_CONCURRENCY } from "../pull/pull-layers.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { StoredImage } from "../store/stored-image.ts";
import { type LoadableImage, type LoadedFrom, loadableImages } from "./loadable-images.ts";
import { untilAborted } from "./until-aborted.ts";

/** Options of {@link load}. */
export interface LoadOptions extends ArchiveOptions {
  readonly store: ImageStore;
  /** The platform of this machine's guests by default. */
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each event; the same ones that iterating gives. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/** A load under way; its images are in the order of the archive, once for each name. */
export type Load = Operation<PullEvent, readonly StoredImage[]>;

/**
 * Brings every image of a file into a store, as `docker load` does. The file is an archive as `docker save`, `podman save` or
 * `skopeo copy` writes it, plain or packed with gzip or zstd, or the directory of an OCI image layout; which one shows inside. Images
 * keep the names that they carry; one without a full name is kept under where it lies, as in `oci-archive:/path/to.tar:tag`. An
 * archive may also come as a stream, which is kept in a temporary file meanwhile.
 *
 * ```ts
 * const images = await load("./images.tar.gz", { store });
 * const images = await load(process.stdin, { store });
 * ```
 *
 * Rejects with an {@link OciError}, or with the signal's reason: `ARCHIVE_INVALID`, `LAYOUT_INVALID`, `PLATFORM_NOT_FOUND`,
 * `BLOB_MISMATCH`. Images that were complete by then stay.
 */
export function load(from: string | AsyncIterable<Uint8Array>, options: LoadOptions): Load {
  return new Operation(async (emit, signal) => {
    const opened = await openFrom(from, options, signal);
    await using _files = opened.files;
    const images: StoredImage[] = [];
    for (const image of await loadableImages(opened, { signal })) {
      images.push(await loadImage(image, options, emit, signal));
    }
    return images;
  }, options);
}

function loadImage(
  { source, transport }: LoadableImage,
  { store, platform = guestPlatform() }: LoadOptions,
  emit: (event: PullEvent) => void,
  signal: AbortSignal,
): Promise<StoredImage> {
  const plan = { source, transport, store, platform, signaturePolicy: { type: "skip" }, emit, signal } as const;
  return pullImage({ ...plan, concurrency: DEFAULT_CONCURRENCY });
}

async function openFrom(
  from: string | AsyncIterable<Uint8Array>,
  options: ArchiveOptions,
  signal: AbortSignal,
): Promise<LoadedFrom> {
  if (typeof from !== "string") {
    return { files: new ArchiveFiles("The stream", options, untilAborted(from, signal)), path: undefined };
  }
  const path = resolve(from);
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    // Opening it tells what is wrong.
    () => false,
  );
  return { files: isDirectory ? new DirectoryFiles(path) : new ArchiveFiles(path, options), path };
}
