import { closeSync, constants, openSync } from "node:fs";
import { basename } from "node:path";
import type { Digest } from "@a3s/core";
import { chainIdOf } from "../chain/chain-id.ts";
import { RootfsError } from "../errors/rootfs-error.ts";
import { compareRoot, type RootComparison } from "../manifest/compare-root.ts";
import type { ManifestEntry } from "../manifest/manifest-entry.ts";
import { hasDigest, readLines } from "../manifest/read-lines.ts";
import { type Pace, startPace } from "../root/pace.ts";
import { unlessRefused } from "../root/privileges.ts";
import type { EntryPaths, RootEntries } from "./root-entries.ts";
import { type RootRecord, readRecord } from "./root-record.ts";

/** How far a verification has come. */
export interface VerifyProgress {
  readonly chainId: Digest;
  /** Of the roots. */
  readonly root: number;
  readonly roots: number;
  /** Work so far, of all roots: bytes that were read, and 16 KiB for each file. */
  readonly bytes: number;
}

/** Options of `LowerStore.verify`. */
export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/** A root that is not what its layers gave. */
export interface DamagedRoot extends Pick<RootComparison, "differences" | "more"> {
  readonly chainId: Digest;
  readonly path: string;
  /** Files about the root that are missing or damaged themselves. Without a record and a manifest its files cannot be compared. */
  readonly files: readonly string[];
  /** How often it is held: as long as it is, it is not replaced. */
  readonly leases: number;
}

/** What a verification found. */
export interface VerifyReport {
  /** Roots that were compared. */
  readonly roots: number;
  /** Work that was done: bytes that were read, and 16 KiB for each file. */
  readonly bytes: number;
  /** Files that this user may not read, so that their content was not compared; none for root. */
  readonly unreadable: number;
  readonly damaged: readonly DamagedRoot[];
}

export async function verifyRoots(
  entries: RootEntries,
  chainIds: readonly Digest[],
  { signal, onProgress }: VerifyOptions,
): Promise<VerifyReport> {
  let [roots, bytes, unreadable] = [0, 0, 0];
  const damaged: DamagedRoot[] = [];
  for (const [index, chainId] of chainIds.entries()) {
    const tell = (root: number) => onProgress?.({ chainId, root, roots: chainIds.length, bytes });
    const turn = startPace(signal, () => tell(index));
    const pace: Pace = (work) => {
      bytes += work;
      return turn(work);
    };
    const found = await verifyRoot(entries, chainId, pace, signal);
    if (found === undefined) continue;
    roots++;
    unreadable += found.unreadable;
    if (found.damage !== undefined) damaged.push(found.damage);
    tell(index + 1);
  }
  return { roots, bytes, unreadable, damaged };
}

/** Undefined when the root is not there. */
async function verifyRoot(entries: RootEntries, chainId: Digest, pace: Pace, signal: AbortSignal | undefined) {
  const release = await entries.locked(signal, async () =>
    (await entries.exists(chainId)) ? entries.hold(chainId) : undefined,
  );
  if (release === undefined) return undefined;
  try {
    const { files, marked, ...comparison } = await examine(entries.paths(chainId), chainId, pace);
    const { differences, more, unreadable } = comparison;
    if (!marked && files.length + differences.length === 0) return { unreadable };
    const leases = await entries.locked(signal, async () => {
      await entries.markDamaged(chainId);
      return (await entries.leaseCount(chainId)) - 1;
    });
    return { unreadable, damage: { chainId, path: entries.paths(chainId).root, files, differences, more, leases } };
  } finally {
    await release();
  }
}

interface Examination extends RootComparison {
  readonly files: readonly string[];
  /** Found damaged by an earlier verification. */
  readonly marked: boolean;
}

const NOTHING_COMPARED: RootComparison = { differences: [], more: 0, unreadable: 0 };

async function examine(paths: EntryPaths, chainId: Digest, pace: Pace): Promise<Examination> {
  const marked = await wholeRecord(paths.damagedRecord, chainId);
  const record = marked ?? (await wholeRecord(paths.record, chainId));
  if (record === undefined) return { ...NOTHING_COMPARED, files: [basename(paths.record)], marked: false };
  const files: string[] = [];
  if (!(await hasDigest(paths.unset, record.unsetDigest))) files.push(basename(paths.unset));
  const isManifestWhole = await hasDigest(paths.manifest, record.manifestDigest);
  if (!isManifestWhole) files.push(basename(paths.manifest));
  const comparison = isManifestWhole ? await compare(paths, record, pace) : NOTHING_COMPARED;
  return { ...comparison, files, marked: marked !== undefined };
}

async function compare({ root, manifest }: EntryPaths, { files }: RootRecord, pace: Pace): Promise<RootComparison> {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  let descriptor: number | undefined;
  try {
    descriptor = unlessRefused(() => openSync(root, flags));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "ENOTDIR", "ELOOP"].includes(code)) throw error;
    return { ...NOTHING_COMPARED, differences: [{ path: "", kind: "missing" }] };
  }
  if (descriptor === undefined) return { ...NOTHING_COMPARED, unreadable: files };
  try {
    return await compareRoot(descriptor, readLines<ManifestEntry>(manifest), pace);
  } finally {
    closeSync(descriptor);
  }
}

async function wholeRecord(path: string, chainId: Digest): Promise<RootRecord | undefined> {
  try {
    const record = await readRecord(path, chainId);
    const isOfChain = record !== undefined && chainIdOf(record.layers.map(({ diffId }) => diffId)) === chainId;
    return isOfChain ? record : undefined;
  } catch (error) {
    if (error instanceof RootfsError && error.code === "STORE_CORRUPT") return undefined;
    throw error;
  }
}
