import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@a3s/core";
import {
  checkOciLayout,
  EMPTY_INDEX_JSON,
  type IndexJson,
  MAX_INDEX_JSON_BYTES,
  OCI_LAYOUT_CONTENT,
  parseIndexJson,
} from "../layout/index-json.ts";
import { withFileLock } from "./file-lock.ts";
import { storeCorrupt } from "./store-fault.ts";

/** `index.json` and `oci-layout` of a store: read without a lock, changed under one that all processes share. */
export class IndexFile {
  readonly #directory: string;
  readonly #layoutPath: string;
  readonly #indexPath: string;
  readonly #lockPath: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#layoutPath = join(directory, "oci-layout");
    this.#indexPath = join(directory, "index.json");
    this.#lockPath = join(directory, "index.lock");
  }

  /** Makes an empty layout where there is none. A half of one is reported, never completed: it was whole once. */
  async create(signal?: AbortSignal): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await withFileLock(this.#lockPath, signal, async () => {
      const layout = await readIfThere(this.#layoutPath);
      if (layout === undefined) {
        // index.json is written first, so that a crash in between leaves no oci-layout and the next call goes on here.
        if ((await readIfThere(this.#indexPath)) === undefined) await this.#write(EMPTY_INDEX_JSON);
        await writeFileAtomic(this.#layoutPath, OCI_LAYOUT_CONTENT);
      } else {
        parseAs(this.#layoutPath, () => checkOciLayout(layout));
      }
      await this.read();
    });
  }

  /** @throws OciError `STORE_CORRUPT` when the file is missing, malformed or too large. */
  async read(): Promise<IndexJson> {
    const text = await readIfThere(this.#indexPath);
    if (text === undefined) throw storeCorrupt(this.#indexPath, "it is missing");
    return parseAs(this.#indexPath, () => parseIndexJson(text));
  }

  /** Replaces the index by what `change` makes of it; the same object back means nothing to write. */
  async update(change: (index: IndexJson) => IndexJson, signal?: AbortSignal): Promise<void> {
    await withFileLock(this.#lockPath, signal, async () => {
      const before = await this.read();
      const after = change(before);
      if (after !== before) await this.#write(after);
    });
  }

  #write(index: IndexJson): Promise<void> {
    return writeFileAtomic(this.#indexPath, `${JSON.stringify(index, null, 2)}\n`);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_INDEX_JSON_BYTES) throw storeCorrupt(path, `it has ${size} bytes`);
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parseAs<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw storeCorrupt(path, (cause as Error).message, cause);
  }
}
