import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Digest, digestParts, syncDirectory, writeFileAtomic } from "@a3s/core";
import { once } from "../content/once.ts";
import { verifyContent } from "../content/verify-content.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import type { ImageDestination, OpenContent, PutManifestCall } from "../transport/destination.ts";
import type { TransportCall } from "../transport/transport.ts";
import { blobPath } from "./blob-path.ts";
import { writingTo } from "./destination-fault.ts";
import { DirectoryFiles } from "./directory-files.ts";
import { IndexEntries } from "./index-entries.ts";
import {
  checkOciLayout,
  EMPTY_INDEX_JSON,
  MAX_INDEX_JSON_BYTES,
  OCI_LAYOUT_CONTENT,
  parseIndexJson,
} from "./index-json.ts";
import { writeContent } from "./write-content.ts";

/**
 * An OCI image layout on disk that is made or added to. Blobs lie there as soon as they are whole, so that a second try finds them;
 * images show with {@link commit}. Two writers at the same time never damage it, but of two commits in the same moment one may win.
 */
export class LayoutDestination implements ImageDestination {
  readonly description: string;
  readonly #directory: string;
  readonly #files: DirectoryFiles;
  readonly #entries = new IndexEntries();

  constructor(directory: string) {
    this.#directory = directory;
    this.#files = new DirectoryFiles(directory);
    this.description = `oci:${directory}`;
  }

  async putBlob(descriptor: ContentDescriptor, open: OpenContent, { signal }: TransportCall): Promise<boolean> {
    signal?.throwIfAborted();
    return writingTo(this.#directory, async () => {
      if (await isFileOf(blobPath(this.#directory, descriptor.digest), descriptor.size)) return false;
      await this.#write(descriptor.digest, verifyContent(open(0), descriptor), signal);
      return true;
    });
  }

  async putManifest(manifest: TypedManifest, { name, signal }: PutManifestCall): Promise<void> {
    signal?.throwIfAborted();
    const { bytes, digest } = manifest;
    const content = verifyContent(once(bytes), { digest, size: bytes.length });
    await writingTo(this.#directory, () => this.#write(digest, content, signal));
    this.#entries.add(manifest, name);
  }

  /** `index.json` is written last: it makes the images of a new layout, or the new ones of an old layout, show. */
  async commit({ signal }: TransportCall): Promise<void> {
    signal?.throwIfAborted();
    await writingTo(this.#directory, async () => {
      await mkdir(join(this.#directory, "blobs"), { recursive: true });
      const hasLayout = await this.#readIfThere("oci-layout", isOciLayout, false);
      const index = await this.#readIfThere("index.json", parseIndexJson, EMPTY_INDEX_JSON);
      if (!hasLayout) await writeFileAtomic(join(this.#directory, "oci-layout"), OCI_LAYOUT_CONTENT);
      await writeFileAtomic(join(this.#directory, "index.json"), JSON.stringify(this.#entries.mergeInto(index)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #write(digest: Digest, content: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<void> {
    const target = blobPath(this.#directory, digest);
    await mkdir(dirname(target), { recursive: true });
    // Beside `blobs`, because tools take every file in there for a blob.
    const suffix = randomBytes(6).toString("hex");
    const temporary = join(this.#directory, `${digestParts(digest).hex}.${suffix}.tmp`);
    try {
      await using file = await open(temporary, "wx", 0o644);
      await writeContent(file, content, 0, signal);
      await file.sync();
      await rename(temporary, target);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(dirname(target));
  }

  /** What is added to must be a layout: nothing is written over anything else. */
  async #readIfThere<T>(name: string, parse: (text: string) => T, otherwise: T): Promise<T> {
    const bytes = await this.#files.read(name, MAX_INDEX_JSON_BYTES, {});
    if (bytes === undefined) return otherwise;
    try {
      return parse(Buffer.from(bytes).toString("utf8"));
    } catch (cause) {
      throw this.#files.invalid(`${name} is malformed`, cause);
    }
  }
}

function isOciLayout(text: string): boolean {
  checkOciLayout(text);
  return true;
}

async function isFileOf(path: string, size: number): Promise<boolean> {
  try {
    const found = await lstat(path);
    return found.isFile() && found.size === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
