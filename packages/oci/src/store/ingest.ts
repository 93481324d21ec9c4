import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestParts, syncDirectory, unlessMissing, withFileLock } from "@a3s/core";
import { verifyContent } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { OpenContent } from "../transport/destination.ts";
import type { BlobFiles } from "./blob-files.ts";
import { PartialFile } from "./partial-file.ts";
import { LOCK_SUFFIX, sweepIngest } from "./sweep-ingest.ts";
import { WriteBack } from "./write-back.ts";

/** What became of content that a store was asked to take in. */
export interface Added {
  /** Whether it had to be taken in; `false` when it was there, or came in while this call waited for another one. */
  readonly taken: boolean;
  /** Bytes that were on disk from a try before, and were not asked for again. */
  readonly resumedFrom: number;
}

/** Smaller content is fetched again faster than it is worth keeping a part of. */
const MIN_KEPT_BYTES = 1024 * 1024;

/**
 * Takes blobs in: `ingest/<algorithm>-<hex>` grows under a lock that all processes share, and becomes the blob when it is whole,
 * verified and on disk. What a failure, an abort or the end of the process leaves of it is the start of the next try.
 */
export class Ingest {
  readonly directory: string;
  readonly #blobs: BlobFiles;
  readonly #writeBack = new WriteBack();

  constructor(directory: string, blobs: BlobFiles) {
    this.directory = directory;
    this.#blobs = blobs;
  }

  /** Removes what nobody went on with. */
  sweep(): Promise<void> {
    return sweepIngest(this.directory);
  }

  async isThere(): Promise<boolean> {
    return (await unlessMissing(stat(this.directory))) !== undefined;
  }

  /** Bytes in parts of blobs. */
  async bytes(): Promise<number> {
    let bytes = 0;
    for (const name of await readdir(this.directory)) {
      bytes += (await unlessMissing(stat(join(this.directory, name))))?.size ?? 0;
    }
    return bytes;
  }

  /** @throws OciError `BLOB_MISMATCH`; then nothing is kept. */
  async take(descriptor: ContentDescriptor, open: OpenContent, signal: AbortSignal | undefined): Promise<Added> {
    return this.locked(descriptor, signal, async () => {
      if (await this.#blobs.has(descriptor)) return { taken: false, resumedFrom: 0 };
      return { taken: true, resumedFrom: await this.#fetch(descriptor, open, signal) };
    });
  }

  /** Runs a task while nobody else takes in or moves this blob. */
  locked<T>({ digest }: Pick<ContentDescriptor, "digest">, signal: AbortSignal | undefined, task: () => Promise<T>) {
    const { algorithm, hex } = digestParts(digest);
    const lock = join(this.directory, `${algorithm}-${hex}${LOCK_SUFFIX}`);
    return withFileLock(lock, signal, async () => {
      try {
        return await task();
      } finally {
        await rm(lock, { force: true });
      }
    });
  }

  async #fetch(descriptor: ContentDescriptor, open: OpenContent, signal: AbortSignal | undefined): Promise<number> {
    const { algorithm, hex } = digestParts(descriptor.digest);
    const path = join(this.directory, `${algorithm}-${hex}`);
    await using partial = await PartialFile.open(path, this.#writeBack);
    try {
      const resumedFrom = await fillOrRefill(partial, descriptor, open, signal);
      await partial.seal();
      signal?.throwIfAborted();
      const target = this.#blobs.path(descriptor.digest);
      await mkdir(dirname(target), { recursive: true });
      await rename(path, target);
      await syncDirectory(dirname(target));
      return resumedFrom;
    } catch (error) {
      const keep = descriptor.size >= MIN_KEPT_BYTES && partial.length > 0 && !spoils(error);
      if (!keep) await rm(path, { force: true });
      throw error;
    }
  }
}

/** @returns where it went on. */
async function fillOrRefill(
  partial: PartialFile,
  descriptor: ContentDescriptor,
  open: OpenContent,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (partial.length > descriptor.size) await partial.clear();
  const resumedFrom = partial.length;
  try {
    await fill(partial, descriptor, open, signal);
    return resumedFrom;
  } catch (error) {
    // The part may be what is damaged: a machine that lost power may not have written all of it.
    if (resumedFrom === 0 || !isMismatch(error)) throw error;
  }
  await partial.clear();
  await fill(partial, descriptor, open, signal);
  return 0;
}

/** Appends what is missing and checks the whole. After a fault everything that came in is in the file. */
async function fill(
  partial: PartialFile,
  descriptor: ContentDescriptor,
  open: OpenContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const kept = partial.length;
  let seen = 0;
  try {
    for await (const chunk of verifyContent(whole(partial, descriptor, open), descriptor)) {
      signal?.throwIfAborted();
      seen += chunk.length;
      if (seen > kept) await partial.append(chunk);
    }
  } finally {
    await partial.flush();
  }
}

async function* whole(partial: PartialFile, { size }: ContentDescriptor, open: OpenContent) {
  const kept = partial.length;
  yield* partial.content();
  if (kept < size || size === 0) yield* open(kept);
}

function isMismatch(error: unknown): boolean {
  return error instanceof OciError && error.code === "BLOB_MISMATCH";
}

/** Whether a failure makes a part worthless or harmful: bytes that no digest fits, or a full disk that it would keep full. */
function spoils(error: unknown): boolean {
  return isMismatch(error) || ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
}
