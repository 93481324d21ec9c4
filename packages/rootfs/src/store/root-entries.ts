import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestParts, isDigest, syncDirectory, tryFileLock, unlessMissing, withFileLock } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";
import { Leases } from "./leases.ts";
import { Pins } from "./pins.ts";
import { type RootRecord, readRecord } from "./root-record.ts";
import { type StagedDirectory, Staging } from "./staging.ts";

/** Paths of one root's files. */
export interface EntryPaths {
  readonly entry: string;
  readonly root: string;
  readonly manifest: string;
  readonly unset: string;
  readonly record: string;
  /** The record of a root that was found damaged: it counts as none then. */
  readonly damagedRecord: string;
}

/** Directories of a store that has no roots yet. */
const MADE = [".staging", ".locks"];

const ENTRY_NAME = /^(sha256|sha512)-([0-9a-f]+)$/;

/**
 * The directory of a store, and how roots come and go in it.
 *
 * Two kinds of locks: `store.lock` is held for moments, by whoever makes a root appear or go, or takes or counts leases; the lock of a
 * chain ID is held as long as its root is being built.
 */
export class RootEntries {
  readonly directory: string;
  readonly staging: Staging;
  readonly leases: Leases;
  readonly #pins: Pins;

  private constructor(directory: string) {
    this.directory = directory;
    this.staging = new Staging(join(directory, ".staging"));
    this.leases = new Leases(join(directory, ".leases"));
    this.#pins = new Pins(join(directory, ".pins"));
  }

  /** Makes the directory if it is missing, and removes what dead processes left in it. */
  static async open(directory: string, signal: AbortSignal | undefined): Promise<RootEntries> {
    for (const name of MADE) await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
    const entries = new RootEntries(directory);
    await entries.staging.sweep(signal);
    await entries.#sweepLocks();
    await entries.locked(signal, () => entries.leases.sweep());
    return entries;
  }

  /** Whether what {@link open} makes is there. */
  async isThere(): Promise<boolean> {
    const found = await Promise.all(MADE.map((name) => unlessMissing(stat(join(this.directory, name)))));
    return !found.includes(undefined);
  }

  paths(chainId: Digest): EntryPaths {
    const entry = join(this.directory, entryName(chainId));
    return {
      entry,
      root: join(entry, "root"),
      manifest: join(entry, "manifest.jsonl"),
      unset: join(entry, "unset.jsonl"),
      record: join(entry, "record.json"),
      damagedRecord: join(entry, "damaged.json"),
    };
  }

  /** Chain IDs of all directories, whole or not. */
  async chainIds(): Promise<readonly Digest[]> {
    const names = (await readdir(this.directory)).toSorted();
    return names.map((name) => name.replace(ENTRY_NAME, "$1:$2")).filter(isDigest);
  }

  /** Of a complete root. @throws RootfsError `STORE_CORRUPT`, `STORE_UNAVAILABLE` */
  record(chainId: Digest): Promise<RootRecord | undefined> {
    return readRecord(this.paths(chainId).record, chainId);
  }

  /** The same, with a damaged record as none. */
  async wholeRecord(chainId: Digest): Promise<RootRecord | undefined> {
    try {
      return await this.record(chainId);
    } catch (error) {
      if (error instanceof RootfsError && error.code === "STORE_CORRUPT") return undefined;
      throw error;
    }
  }

  /** Runs a short task that nothing else changes the store during. */
  locked<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    return withFileLock(join(this.directory, "store.lock"), signal, task);
  }

  /** Runs a task that builds the root of a chain ID, in this process only. */
  building<T>(chainId: Digest, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const path = join(this.directory, ".locks", entryName(chainId));
    return withFileLock(path, signal, async () => {
      try {
        return await task();
      } finally {
        await rm(path, { force: true });
      }
    });
  }

  /** Under the lock of the store; what it answers ends the lease. */
  hold(chainId: Digest): Promise<() => Promise<void>> {
    return this.leases.hold(entryName(chainId));
  }

  /** Of living processes, and pins. Under the lock of the store. */
  async leaseCount(chainId: Digest): Promise<number> {
    const name = entryName(chainId);
    return (await this.leases.count(name)) + (await this.#pins.count(name));
  }

  /** Under the lock of the store. */
  pin(chainId: Digest, owner: string): Promise<void> {
    return this.#pins.pin(entryName(chainId), owner);
  }

  /** Under the lock of the store. */
  async unpin(owner: string): Promise<void> {
    await this.#pins.unpin(owner);
  }

  /** Under the lock of the store. */
  pinOwners(): Promise<ReadonlySet<string>> {
    return this.#pins.owners();
  }

  /** Moves a root out of sight; undefined when there is none. Under the lock of the store. */
  async take(chainId: Digest): Promise<StagedDirectory | undefined> {
    const taken = await this.staging.take(this.paths(chainId).entry);
    if (taken !== undefined) await syncDirectory(this.directory);
    return taken;
  }

  /** Makes a finished directory the root of its chain ID, whose place is free. Under the lock of the store. */
  async publish(staged: string, chainId: Digest): Promise<void> {
    await rename(staged, this.paths(chainId).entry);
    await syncDirectory(this.directory);
  }

  /** From now on the root counts as none. Under the lock of the store. */
  async markDamaged(chainId: Digest): Promise<void> {
    const { entry, record, damagedRecord } = this.paths(chainId);
    if ((await unlessMissing(rename(record, damagedRecord).then(() => true))) ?? false) await syncDirectory(entry);
  }

  /** Says that a root is in use now. The time is that of its record. */
  async touch(chainId: Digest): Promise<void> {
    const now = new Date();
    await unlessMissing(utimes(this.paths(chainId).record, now, now));
  }

  /** Milliseconds since 1970; undefined without a record. */
  async lastUsedMs(chainId: Digest): Promise<number | undefined> {
    return (await unlessMissing(stat(this.paths(chainId).record)))?.mtimeMs;
  }

  async exists(chainId: Digest): Promise<boolean> {
    return (await unlessMissing(stat(this.paths(chainId).entry))) !== undefined;
  }

  async #sweepLocks(): Promise<void> {
    const directory = join(this.directory, ".locks");
    for (const name of await readdir(directory)) {
      await using lock = await tryFileLock(join(directory, name));
      if (lock !== undefined) await rm(join(directory, name), { force: true });
    }
  }
}

function entryName(chainId: Digest): string {
  const { algorithm, hex } = digestParts(chainId);
  return `${algorithm}-${hex}`;
}
