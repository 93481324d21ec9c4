import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type BoxId,
  type HomeLayout,
  isBoxId,
  syncDirectory,
  tryFileLock,
  unlessMissing,
  withFileLock,
  writeFileAtomic,
} from "@a3s/core";
import { type StagedDirectory, Staging } from "@a3s/rootfs";
import { makePrivate, throwAwayOf } from "../boot/box-directories.ts";
import { RuntimeError } from "../errors/runtime-error.ts";
import { boxDamaged, boxNotFound, boxUnsaved } from "./box-error.ts";
import { type BoxRecord, formatRecord, readRecord } from "./box-record.ts";

/** What a box's directory holds of it. */
export type StoredRecord = BoxRecord | { readonly damage: string };

/**
 * The directory of boxes, and how they come and go in it. Boxes are read without a lock; each changes under its own, and appears, goes or
 * gets a name under that of the directory, which is taken last.
 */
export class BoxStore {
  readonly #home: HomeLayout;
  readonly #staging: Staging;

  /** Touches nothing. */
  constructor(home: HomeLayout) {
    this.#home = home;
    this.#staging = new Staging(join(home.boxes, ".staging"));
  }

  directory(id: BoxId): string {
    return join(this.#home.boxes, id);
  }

  /** Of all directories that may be a box's. */
  async ids(): Promise<readonly BoxId[]> {
    return ((await unlessMissing(readdir(this.#home.boxes))) ?? []).filter(isBoxId);
  }

  /** Undefined where there is no box, or one that ends with its process. */
  async read(id: BoxId): Promise<StoredRecord | undefined> {
    const path = join(this.directory(id), "box.json");
    const record = await readRecord(path, id);
    if (record !== undefined) return record;
    const names = await unlessMissing(readdir(this.directory(id)));
    if (names === undefined || names.length === 0 || names.includes("creator.lock")) return undefined;
    // It may have come, or gone, between the two looks.
    return ((await readRecord(path, id)) ?? (await this.#isThere(id))) ? { damage: `${path} is missing` } : undefined;
  }

  /** @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED` */
  async require(id: BoxId): Promise<BoxRecord> {
    const found = await this.read(id);
    if (found === undefined) throw boxNotFound(id);
    if ("damage" in found) throw boxDamaged(id, found.damage);
    return found;
  }

  /** Under the lock of the box. @throws RuntimeError `BOX_UNSAVED` */
  async write(record: BoxRecord): Promise<BoxRecord> {
    const next = { ...record, generation: record.generation + 1 };
    await save(next, this.directory(record.id));
    return next;
  }

  /**
   * The same for what must be possible on a full disk as well: undefined when there is no room. What a box does is derived, so it is known
   * without its record, too.
   */
  async writeIfRoom(record: BoxRecord): Promise<BoxRecord | undefined> {
    try {
      return await this.write(record);
    } catch (error) {
      if (error instanceof RuntimeError && /^(ENOSPC|EDQUOT)$/.test(String(error.details["errno"]))) return undefined;
      throw error;
    }
  }

  /** Runs a task with the lock of a box. @throws RuntimeError `BOX_NOT_FOUND` */
  async locked<T>(id: BoxId, signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    if (!(await this.#isThere(id))) throw boxNotFound(id);
    await this.#makeLocks();
    return withFileLock(this.#lock(id), signal, async () => {
      try {
        return await task();
      } finally {
        if (!(await this.#isThere(id))) await rm(this.#lock(id), { force: true });
      }
    });
  }

  /** The same, unless somebody has it: then undefined. */
  async ifFree<T>(id: BoxId, task: () => Promise<T>): Promise<T | undefined> {
    await this.#makeLocks();
    await using lock = await tryFileLock(this.#lock(id));
    if (lock === undefined) return undefined;
    try {
      return await task();
    } finally {
      if (!(await this.#isThere(id))) await rm(this.#lock(id), { force: true });
    }
  }

  async isBusy(id: BoxId): Promise<boolean> {
    return (await this.ifFree(id, async () => true)) === undefined;
  }

  /** Runs a short task during which no box appears, goes, or changes its name. */
  async naming<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    await makePrivate(this.#home.boxes);
    await mkdir(join(this.#home.boxes, ".staging"), { recursive: true, mode: 0o700 });
    return withFileLock(join(this.#home.boxes, ".lock"), signal, task);
  }

  /** Ids by name, of all that can be read. */
  async names(): Promise<ReadonlyMap<string, BoxId>> {
    const records = await Promise.all((await this.ids()).map((id) => this.read(id)));
    return new Map(records.flatMap((record) => (record && "name" in record ? [[record.name, record.id]] : [])));
  }

  /** Makes a box appear, whole. During {@link naming}. */
  async publish(record: BoxRecord): Promise<void> {
    await this.#staging.sweep();
    await using staged = await this.#staging.create();
    await save(record, staged.path);
    await rename(staged.path, this.directory(record.id));
    await syncDirectory(this.#home.boxes);
  }

  /** Moves a box out of sight; disposing of the answer removes its files. During {@link naming}. */
  async take(id: BoxId): Promise<StagedDirectory | undefined> {
    const taken = await this.#staging.take(this.directory(id));
    if (taken !== undefined) await syncDirectory(this.#home.boxes);
    return taken;
  }

  /** Removes what dead processes left: half boxes, locks of boxes that are gone, boxes that were to end with them. */
  async sweep(signal: AbortSignal | undefined): Promise<void> {
    if ((await unlessMissing(readdir(this.#home.boxes))) === undefined) return;
    await unlessMissing(this.#staging.sweep(signal));
    for (const id of await this.ids()) await this.#sweepThrowAway(id);
    // Networks have a directory of their own there.
    for (const id of ((await unlessMissing(readdir(this.#home.run))) ?? []).filter(isBoxId)) {
      if (!(await this.#isThere(id))) await this.removeRun(id);
    }
    for (const id of (await unlessMissing(readdir(join(this.#home.boxes, ".locks")))) ?? []) {
      // It removes a lock that has no box.
      if (!(await this.#isThere(id))) await this.ifFree(id, async () => {});
    }
  }

  /** Removes what a write left in the directory of a box that was cut short. Under the lock of the box. */
  async sweepBox(id: BoxId): Promise<void> {
    for (const name of (await unlessMissing(readdir(this.directory(id)))) ?? []) {
      if (name.endsWith(".tmp")) await rm(join(this.directory(id), name), { force: true });
    }
  }

  /** Removes the directory of a box's sockets. */
  async removeRun(id: BoxId): Promise<void> {
    await rm(join(this.#home.run, id), { recursive: true, force: true });
  }

  async #sweepThrowAway(id: BoxId): Promise<void> {
    const found = await throwAwayOf(this.directory(id));
    if (found === "living") return;
    if (found === undefined) {
      // One that is only being made gets its directory again.
      await rmdir(this.directory(id)).catch(() => {});
      return;
    }
    await using _lock = found;
    await this.removeRun(id);
    await rm(this.directory(id), { recursive: true, force: true });
  }

  async #isThere(id: BoxId): Promise<boolean> {
    return (await unlessMissing(readdir(this.directory(id)))) !== undefined;
  }

  /** Not the directories above it: whoever removed the home has removed its boxes. */
  async #makeLocks(): Promise<void> {
    try {
      await mkdir(join(this.#home.boxes, ".locks"), { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }

  #lock(id: BoxId): string {
    return join(this.#home.boxes, ".locks", id);
  }
}

async function save(record: BoxRecord, directory: string): Promise<void> {
  const text = formatRecord(record);
  try {
    await writeFileAtomic(join(directory, "box.json"), text, { mode: 0o600 });
  } catch (error) {
    throw boxUnsaved(record.id, error as NodeJS.ErrnoException);
  }
}
