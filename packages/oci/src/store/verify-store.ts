import { createReadStream } from "node:fs";
import { lstat, mkdir, rename, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Digest, digestParts, syncDirectory, unlessMissing } from "@a3s/core";
import { verifyContent } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import { storedName } from "../layout/image-name.ts";
import { eachConcurrently } from "../progress/each-concurrently.ts";
import type { BlobFiles } from "./blob-files.ts";
import { ContentGraph } from "./content-graph.ts";
import type { IndexFile } from "./index-file.ts";
import type { Ingest } from "./ingest.ts";

/** How far a verification has come. */
export interface VerifyProgress {
  readonly checked: number;
  readonly total: number;
  /** Bytes read. */
  readonly bytes: number;
}

/** A file that was not what its name promises, and where it is now. Without `digest` its name was none of a blob. */
export interface QuarantinedFile {
  readonly digest?: Digest;
  readonly path: string;
  /** Absolute. */
  readonly quarantined: string;
}

/** What a verification found. */
export interface VerifyReport {
  readonly checked: number;
  readonly bytes: number;
  readonly corrupt: readonly QuarantinedFile[];
  /** Content that a name needs and that is not there, after corrupt content was moved away. */
  readonly missing: readonly { readonly reference: string; readonly digest: Digest }[];
}

/** Blobs read at the same time: more only makes a disk seek. */
const READERS = 2;
const READ_BYTES = 1024 * 1024;

/** What {@link verifyStore} works on. */
export interface VerifiedFiles {
  readonly index: IndexFile;
  readonly blobs: BlobFiles;
  readonly ingest: Ingest;
  /** Where corrupt files go. */
  readonly quarantine: string;
}

/** Reads every blob again. Files that are not what their names promise are moved out of `blobs/`, so that the next pull fetches them. */
export async function verifyStore(
  files: VerifiedFiles,
  signal: AbortSignal,
  onProgress: ((progress: VerifyProgress) => void) | undefined,
): Promise<VerifyReport> {
  const { sizes, strays } = await files.blobs.list();
  const corrupt: QuarantinedFile[] = [];
  for (const path of strays) {
    const quarantined = await quarantine(files, path, basename(path));
    if (quarantined !== undefined) corrupt.push({ path, quarantined });
  }
  let checked = 0;
  let bytes = 0;
  await eachConcurrently([...sizes], READERS, signal, async ([digest, size], signal) => {
    const found = await checkBlob(files, digest, signal);
    if (found !== undefined) corrupt.push(found);
    checked++;
    bytes += size;
    onProgress?.({ checked, total: sizes.size, bytes });
  });
  const missing = await files.index.locked(signal, () => findMissing(files, signal));
  return { checked, bytes, corrupt, missing };
}

async function checkBlob(files: VerifiedFiles, digest: Digest, signal: AbortSignal) {
  const path = files.blobs.path(digest);
  const before = await inodeOf(path);
  if (before === undefined || (await isIntact(path, digest, signal))) return undefined;
  // A pull may have put a good file in its place meanwhile.
  return files.ingest.locked({ digest }, signal, async () => {
    if ((await inodeOf(path)) !== before) return undefined;
    const { algorithm, hex } = digestParts(digest);
    const quarantined = await quarantine(files, path, `${algorithm}-${hex}`);
    return quarantined === undefined ? undefined : { digest, path, quarantined };
  });
}

async function isIntact(path: string, digest: Digest, signal: AbortSignal): Promise<boolean> {
  try {
    const { size } = await stat(path);
    const content = createReadStream(path, { highWaterMark: READ_BYTES, signal });
    for await (const _chunk of verifyContent(content, { digest, size }));
    return true;
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    // A disk that cannot read it has damaged it.
    if (error instanceof OciError || code === "EIO") return false;
    // Removed meanwhile.
    if (code === "ENOENT") return true;
    throw error;
  }
}

/** Moves a file away; `undefined` when it is gone by now. */
async function quarantine(files: VerifiedFiles, path: string, name: string): Promise<string | undefined> {
  await mkdir(files.quarantine, { recursive: true });
  const target = join(files.quarantine, `${name}-${Date.now()}`);
  const moved = await unlessMissing(rename(path, target).then(() => target));
  await syncDirectory(files.quarantine);
  return moved;
}

/** Under the lock of the store, so that no garbage collection changes it in between. */
async function findMissing({ index, blobs }: VerifiedFiles, signal: AbortSignal): Promise<VerifyReport["missing"]> {
  const { manifests } = await index.read();
  const present = new Set((await blobs.list()).sizes.keys());
  const graph = new ContentGraph(blobs, signal);
  const missing: { readonly reference: string; readonly digest: Digest }[] = [];
  for (const entry of manifests) {
    const reference = storedName(entry);
    if (reference === undefined) continue;
    for (const digest of await graph.missing(entry.digest, present)) missing.push({ reference, digest });
  }
  return missing;
}

async function inodeOf(path: string): Promise<bigint | undefined> {
  return (await unlessMissing(lstat(path, { bigint: true })))?.ino;
}
