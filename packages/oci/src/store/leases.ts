import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, syncDirectory, tryFlock, unlessMissing, writeFileAtomic } from "@a3s/core";
import * as v from "valibot";
import { digestSchema } from "../manifest/descriptor.ts";
import { storeCorrupt } from "./store-fault.ts";

/** Content that stays in the store while this is held. Disposing it ends the lease, also a named one. */
export interface Lease extends AsyncDisposable {
  /** Of a lease that outlives the process. */
  readonly name?: string;
  readonly digests: readonly Digest[];
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NAMED_SUFFIX = ".named.json";
const PROCESS_SUFFIX = ".process.json";
/** Most bytes of a lease file: some 20000 digests. */
const MAX_LEASE_BYTES = 2 * 1024 * 1024;

const schema = v.object({ digests: v.array(digestSchema) });

/**
 * Leases are files. That of a process is locked with flock(2) as long as the process lives; that of a name stays until it is released.
 * They are made and read under the lock of the store, which a garbage collection holds from its first look to its last removal.
 */
export class Leases {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Under the lock of the store. */
  async hold(digests: readonly Digest[]): Promise<Lease> {
    await mkdir(this.#directory, { recursive: true });
    const path = join(this.#directory, `${randomBytes(12).toString("hex")}${PROCESS_SUFFIX}`);
    const file = await open(path, "wx", 0o600);
    const end = async () => {
      await rm(path, { force: true });
      await file.close();
    };
    try {
      if (!tryFlock(file)) throw new Error(`Cannot lock ${path}`);
      await file.writeFile(leaseText(digests));
    } catch (error) {
      await end();
      throw error;
    }
    return { digests, [Symbol.asyncDispose]: once(end) };
  }

  /** Under the lock of the store. Takes the place of a lease of the same name. */
  async write(name: string, digests: readonly Digest[]): Promise<Lease> {
    const path = this.#named(name);
    await mkdir(this.#directory, { recursive: true });
    await writeFileAtomic(path, leaseText(digests), { mode: 0o600 });
    return { name, digests, [Symbol.asyncDispose]: async () => void (await this.release(name)) };
  }

  /** @returns whether there was one. */
  async release(name: string): Promise<boolean> {
    const released = await unlessMissing(rm(this.#named(name)).then(() => true));
    if (released) await syncDirectory(this.#directory);
    return released ?? false;
  }

  /**
   * Everything under lease; removes what dead processes left. Under the lock of the store.
   *
   * @throws OciError `STORE_CORRUPT`, rather than take content for free that may not be.
   */
  async digests(): Promise<ReadonlySet<Digest>> {
    await mkdir(this.#directory, { recursive: true });
    const leased = new Set<Digest>();
    for (const name of await readdir(this.#directory)) {
      const path = join(this.#directory, name);
      for (const digest of await readLease(path)) leased.add(digest);
    }
    return leased;
  }

  #named(name: string): string {
    if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a name of a lease: ${NAME.source}`);
    return join(this.#directory, `${name}${NAMED_SUFFIX}`);
  }
}

function leaseText(digests: readonly Digest[]): string {
  const text = JSON.stringify({ digests });
  if (text.length > MAX_LEASE_BYTES) throw new RangeError(`${digests.length} digests are too many for one lease`);
  return text;
}

/** The digests in a lease file; none, and no file any more, when its owner is dead or has just released it. */
async function readLease(path: string): Promise<readonly Digest[]> {
  await using file = await unlessMissing(open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  if (file === undefined) return [];
  if (path.endsWith(NAMED_SUFFIX) || !tryFlock(file)) return await parseLease(path, file);
  await rm(path, { force: true });
  return [];
}

async function parseLease(path: string, file: FileHandle): Promise<readonly Digest[]> {
  const found = await file.stat();
  if (!found.isFile()) throw storeCorrupt(path, "it is not a regular file");
  const { size } = found;
  if (size > MAX_LEASE_BYTES) throw storeCorrupt(path, `it has ${size} bytes`);
  try {
    return v.parse(schema, JSON.parse(await file.readFile("utf8")), { abortEarly: true }).digests;
  } catch (cause) {
    throw storeCorrupt(path, (cause as Error).message, cause);
  }
}

function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= task();
    return done;
  };
}
