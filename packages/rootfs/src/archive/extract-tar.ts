import { closeSync, constants, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { DEFAULT_LAYER_LIMITS, type LayerLimits } from "../layer/limits.ts";
import { Tally } from "../layer/tally.ts";
import { finishRoot } from "../root/finish-root.ts";
import { ownPrivileges } from "../root/privileges.ts";
import { removeTree } from "../root/remove-tree.ts";
import { RootBuilder } from "../root/root-builder.ts";
import { TarReader } from "../tar/reader.ts";
import { archiveFault } from "./archive-fault.ts";
import { ArchiveWriter } from "./archive-writer.ts";

/** Bounds of what an archive may make this machine do; as for layers, and 16 GiB for a file and 32 for all by default. */
export type ArchiveLimits = Omit<LayerLimits, "maxRatio">;

/** How an archive is extracted. */
export interface ExtractTarOptions {
  readonly limits?: Partial<ArchiveLimits> | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * Give files to the owners that the archive names, as far as this user may, and keep setuid and setgid bits. Otherwise all
   * belongs to this user, without those bits.
   */
  readonly keepOwners?: boolean | undefined;
}

/** What came out of an archive. */
export interface ExtractReport {
  readonly entries: number;
  /** Devices and FIFOs, which are not made; at most 100 paths. */
  readonly skipped: readonly string[];
}

/**
 * Extracts an uncompressed tar stream into a new directory, whatever sends it: no name leads out of the directory, through links
 * neither, nothing is followed, and every number is bounded. When it fails the directory is gone. Permission bits, times, symbolic
 * and hard links are kept; extended attributes, devices and FIFOs are not.
 *
 * @param directory must not exist; its parent must.
 * @throws RootfsError `ARCHIVE_INVALID`, `ARCHIVE_ESCAPE`, `ARCHIVE_TOO_LARGE`; what the stream throws; system errors; the signal's
 * reason.
 */
export async function extractTar(
  stream: AsyncIterable<Uint8Array>,
  directory: string,
  options: ExtractTarOptions = {},
): Promise<ExtractReport> {
  await mkdir(directory, { mode: 0o700 });
  try {
    return await extract(stream, directory, options);
  } catch (error) {
    await removeTree(directory);
    throw error;
  }
}

async function extract(
  stream: AsyncIterable<Uint8Array>,
  directory: string,
  { limits, signal, keepOwners = false }: ExtractTarOptions,
): Promise<ExtractReport> {
  const tally = new Tally({ ...DEFAULT_LAYER_LIMITS, ...limits });
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    using root = new RootBuilder(descriptor, ownPrivileges(), tally.limits);
    using writer = new ArchiveWriter(root, tally, keepOwners);
    const reader = new TarReader(writer, tally.limits.maxExtensionBytes);
    try {
      for await (const chunk of stream) {
        signal?.throwIfAborted();
        tally.addBytes(chunk.length);
        reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      }
      reader.finish();
    } catch (error) {
      throw archiveFault(error, writer.path);
    }
    // Directories get their modes and times when nothing more is made in them.
    await finishRoot(root, descriptor, { unset: () => {}, file: () => {} }, signal ?? new AbortController().signal);
    return { entries: tally.entries, skipped: writer.skipped };
  } finally {
    closeSync(descriptor);
  }
}
