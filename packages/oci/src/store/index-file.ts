import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing, withFileLock, writeFileAtomic } from "@a3s/core";
import {
  checkOciLayout,
  EMPTY_INDEX_JSON,
  type IndexJson,
  MAX_INDEX_JSON_BYTES,
  OCI_LAYOUT_CONTENT,
  parseIndexJson,
} from "../layout/index-json.ts";
import { storeCorrupt } from "./store-fault.ts";

/** `index.json` and `oci-layout` of a store: read without a lock, changed under the one lock of the store, `store.lock`. */
export class IndexFile {
  readonly #directory: string;
  readonly #layoutPath: string;
  readonly #indexPath: string;
  readonly #lockPath: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#layoutPath = join(directory, "oci-layout");
    this.#indexPath = join(directory, "index.json");
    this.#lockPath = join(directory, "store.lock");
  }

  /** Makes an empty layout where there is none. A half of one is reported, never completed: it was whole once. */
  async create(signal?: AbortSignal): Promise<void> {
    await mkdir(join(this.#directory, "blobs", "sha256"), { recursive: true });
    await this.locked(signal, async () => {
      const layout = await readIfThere(this.#layoutPath);
      if (layout === undefined) {
        // index.json is written first, so that a crash in between leaves no oci-layout and the next call goes on here.
        if ((await readIfThere(this.#indexPath)) === undefined) await this.write(EMPTY_INDEX_JSON);
        await writeFileAtomic(this.#layoutPath, OCI_LAYOUT_CONTENT);
      } else {
        parseAs(this.#layoutPath, () => checkOciLayout(layout));
      }
      await this.read();
      await this.#sweep();
    });
  }

  /** Whether there is a layout, or what is left of one. */
  async isThere(): Promise<boolean> {
    return (await unlessMissing(lstat(this.#layoutPath))) !== undefined;
  }

  /** Runs a task with the lock of the store. Who has it may call {@link write}; {@link update} takes it itself. */
  locked<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    return withFileLock(this.#lockPath, signal, task);
  }

  /** @throws OciError `STORE_CORRUPT` when the file is missing, malformed or too large. */
  async read(): Promise<IndexJson> {
    const text = await readIfThere(this.#indexPath);
    if (text === undefined) throw storeCorrupt(this.#indexPath, "it is missing");
    return parseAs(this.#indexPath, () => parseIndexJson(text));
  }

  /** Replaces the index by what `change` makes of it; the same object back means nothing to write. */
  async update(change: (index: IndexJson) => IndexJson, signal?: AbortSignal): Promise<void> {
    await this.locked(signal, async () => {
      const before = await this.read();
      const after = change(before);
      if (after !== before) await this.write(after);
    });
  }

  /** Under the lock of the store. */
  write(index: IndexJson): Promise<void> {
    return writeFileAtomic(this.#indexPath, `${JSON.stringify(index, null, 2)}\n`);
  }

  /** Removes what processes left that were killed while they wrote; the lock is held, so nobody is writing now. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (/^(?:index\.json|oci-layout)\.[0-9a-f]+\.tmp$/.test(name))
        await rm(join(this.#directory, name), { force: true });
    }
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  // Opening does not wait for the writer of a FIFO.
  await using file = await unlessMissing(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (file === undefined) return undefined;
  const found = await file.stat();
  if (!found.isFile()) throw storeCorrupt(path, "it is not a regular file");
  if (found.size > MAX_INDEX_JSON_BYTES) throw storeCorrupt(path, `it has ${found.size} bytes`);
  return await file.readFile("utf8");
}

function parseAs<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw storeCorrupt(path, (cause as Error).message, cause);
  }
}
