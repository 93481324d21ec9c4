import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { isVolumeName, tryFlock, unlessMissing, type VolumeName, withFileLock } from "@a3s/core";
import { measureTree, Pins, type StagedDirectory, Staging, type TreeSize } from "@a3s/rootfs";
import { requireVolumeName, volumeInUse, volumeNotFound, volumeReplaced } from "./volume-error.ts";
import { parseLabels, readVolumeRecord, writeVolumeRecord } from "./volume-record.ts";

/** A directory that boxes keep under a name. Plain data. */
export interface Volume {
  readonly name: VolumeName;
  /** Absolute path of its files on the host. They belong to guests: nothing in them is to be trusted. */
  readonly path: string;
  /** ISO 8601; missing when the record is damaged. */
  readonly createdAt?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether a box has it, running or not. */
  readonly inUse: boolean;
  /** What is wrong with the record of the volume, when its files are there all the same. */
  readonly damage?: string;
}

/** Options of every call. */
export interface VolumeCall {
  readonly signal?: AbortSignal | undefined;
}

/** Keeps a volume from removal until it is disposed of or this process ends. */
export interface VolumeHold extends AsyncDisposable {
  readonly path: string;
}

/**
 * Named volumes: `volumes/NAME/data` and what is known about it. Any number of processes may use them at the same time; constructing
 * this touches nothing.
 */
export class Volumes {
  readonly #directory: string;
  readonly #staging: Staging;
  readonly #pins: Pins;

  /** @param directory absolute path; made when it is missing. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#staging = new Staging(join(directory, ".staging"));
    this.#pins = new Pins(join(directory, ".pins"));
  }

  /**
   * Makes a volume; one that is there stays as it is, its labels too.
   *
   * @throws RuntimeError `VOLUME_INVALID`
   */
  async create(
    name: string,
    options: VolumeCall & { readonly labels?: Readonly<Record<string, string>> | undefined } = {},
  ): Promise<Volume> {
    requireVolumeName(name);
    const labels = parseLabels(options.labels ?? {});
    return this.#locked(options.signal, async () => {
      await this.#make(name, labels);
      return this.#describe(name);
    });
  }

  /** @throws RuntimeError `VOLUME_NOT_FOUND`, `VOLUME_INVALID` */
  async get(name: string, { signal }: VolumeCall = {}): Promise<Volume> {
    requireVolumeName(name);
    return this.#locked(signal, async () => {
      await this.#require(name);
      return this.#describe(name);
    });
  }

  /** All volumes, by name. */
  async list({ signal }: VolumeCall = {}): Promise<readonly Volume[]> {
    return this.#locked(signal, () => this.#list());
  }

  /** What its files take on disk. They are looked at one by one. @throws RuntimeError `VOLUME_NOT_FOUND`; the signal's reason */
  async measure(name: string, { signal }: VolumeCall = {}): Promise<TreeSize> {
    await using held = await this.#hold(name, signal, () => this.#require(name));
    return await measureTree(held.path, { signal });
  }

  /** Holds a volume, made when it is missing. @throws RuntimeError `VOLUME_INVALID` */
  async hold(name: string, { signal }: VolumeCall = {}): Promise<VolumeHold> {
    requireVolumeName(name);
    return this.#hold(name, signal, () => this.#make(name, {}));
  }

  /**
   * Keeps volumes from removal until their owner is unpinned, whatever becomes of this process; what is missing of them is made.
   *
   * @param owner id of a box
   * @throws RuntimeError `VOLUME_INVALID`
   */
  async pin(names: readonly string[], owner: string, { signal }: VolumeCall = {}): Promise<void> {
    for (const name of names) requireVolumeName(name);
    if (names.length === 0) return;
    await this.#locked(signal, async () => {
      for (const name of names) {
        await this.#make(name, {});
        await this.#pins.pin(name, owner);
      }
    });
  }

  /** Gives up all pins of an owner. @returns the volumes that it had and nobody else has. */
  async unpin(owner: string, { signal }: VolumeCall = {}): Promise<readonly VolumeName[]> {
    return this.#locked(signal, async () => {
      const idle: VolumeName[] = [];
      for (const name of await this.#pins.unpin(owner)) {
        if ((await unlessMissing(lstat(this.#path(name)))) !== undefined && !(await this.#inUse(name))) idle.push(name);
      }
      return idle;
    });
  }

  /** All who have pinned a volume. */
  async pinOwners({ signal }: VolumeCall = {}): Promise<ReadonlySet<string>> {
    return this.#locked(signal, () => this.#pins.owners());
  }

  /** Removes a volume and its files. @throws RuntimeError `VOLUME_NOT_FOUND`, `VOLUME_IN_USE`, `VOLUME_INVALID` */
  async remove(name: string, { signal }: VolumeCall = {}): Promise<void> {
    requireVolumeName(name);
    await using _gone = await this.#locked(signal, async () => {
      await this.#require(name);
      if (await this.#inUse(name)) throw volumeInUse(name);
      return this.#staging.take(join(this.#directory, name));
    });
  }

  /** Removes every volume that no box has. @returns their names. */
  async prune({ signal }: VolumeCall = {}): Promise<readonly VolumeName[]> {
    const gone: StagedDirectory[] = [];
    try {
      return await this.#locked(signal, async () => {
        const idle = (await this.#list()).filter(({ inUse }) => !inUse).map(({ name }) => name);
        for (const name of idle) {
          const taken = await this.#staging.take(join(this.#directory, name));
          if (taken !== undefined) gone.push(taken);
        }
        return idle;
      });
    } finally {
      for (const directory of gone) await directory[Symbol.asyncDispose]();
    }
  }

  async #locked<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    // Nobody but the owner reaches what guests keep, setuid programs among it.
    await mkdir(join(this.#directory, ".staging"), { recursive: true, mode: 0o700 });
    return withFileLock(join(this.#directory, ".lock"), signal, task);
  }

  async #list(): Promise<readonly Volume[]> {
    const volumes: Volume[] = [];
    for (const name of (await readdir(this.#directory)).filter(isVolumeName).toSorted()) {
      volumes.push(await this.#describe(name));
    }
    return volumes;
  }

  async #describe(name: VolumeName): Promise<Volume> {
    const record = await readVolumeRecord(this.#path(name, "volume.json"));
    const inUse = await this.#inUse(name);
    const path = this.#path(name, "data");
    if ("damage" in record) return { name, path, labels: {}, inUse, damage: record.damage };
    return { name, path, createdAt: record.createdAt, labels: record.labels, inUse };
  }

  async #require(name: string): Promise<void> {
    if ((await unlessMissing(lstat(this.#path(name)))) === undefined) throw volumeNotFound(name);
  }

  /** Whole or not at all: it is put together out of sight. */
  async #make(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    if ((await unlessMissing(lstat(this.#path(name)))) !== undefined) return;
    await this.#staging.sweep();
    await using staged = await this.#staging.create();
    // In the guest, every user may go in.
    await mkdir(join(staged.path, "data"), { mode: 0o755 });
    await writeVolumeRecord(join(staged.path, "volume.json"), {
      version: 1,
      createdAt: new Date().toISOString(),
      labels,
    });
    await rename(staged.path, this.#path(name));
  }

  async #hold(name: string, signal: AbortSignal | undefined, prepare: () => Promise<void>): Promise<VolumeHold> {
    const path = this.#path(name, "data");
    const lock = await this.#locked(signal, async () => {
      await prepare();
      if (!(await unlessMissing(lstat(path)))?.isDirectory()) throw volumeReplaced(name, path);
      const file = await this.#openLock(name);
      if (tryFlock(file, { shared: true })) return file;
      await file.close();
      throw new Error(`The volume ${name} is locked by something that is no box`);
    });
    return { path, [Symbol.asyncDispose]: () => lock.close() };
  }

  async #inUse(name: string): Promise<boolean> {
    if ((await this.#pins.count(name)) > 0) return true;
    await using file = await this.#openLock(name);
    return !tryFlock(file);
  }

  /** Boxes hold it shared. */
  #openLock(name: string): Promise<FileHandle> {
    const { O_RDONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    return open(this.#path(name, "use.lock"), O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  }

  #path(...names: readonly string[]): string {
    return join(this.#directory, ...names);
  }
}
