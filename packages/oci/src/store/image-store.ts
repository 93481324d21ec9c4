import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { guestPlatform, type Platform } from "@a3s/core";
import { readVerified, verifyContent } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import { blobPath } from "../layout/blob-path.ts";
import { nameAnnotations, storedName } from "../layout/image-name.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { parseImageConfig } from "../manifest/image-config.ts";
import { MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, manifestInvalid, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import { type SelectedImage, selectImage } from "../manifest/select-image.ts";
import { formatImageSource, type ImageSource, parseImageSource } from "../source/image-source.ts";
import { IndexFile } from "./index-file.ts";
import { ingest, sweepIngest } from "./ingest.ts";
import { storeCorrupt, storeFault } from "./store-fault.ts";
import type { StoredImage, StoredReference } from "./stored-image.ts";
import { Turns } from "./turns.ts";

/** Options of every call of a store. */
export interface StoreCall {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Images in one standard OCI image layout, so that other tools read it as well. Any number of processes may use it at the same time.
 *
 * ```ts
 * const store = await ImageStore.open(homeLayout().images);
 * const image = await store.get("alpine:3.22");
 * ```
 */
export class ImageStore {
  readonly directory: string;
  readonly #index: IndexFile;
  readonly #ingestDirectory: string;
  readonly #turns = new Turns();

  private constructor(directory: string) {
    this.directory = resolve(directory);
    this.#index = new IndexFile(this.directory);
    this.#ingestDirectory = join(this.directory, "ingest");
  }

  /** Opens a store and makes it when there is none. @throws OciError `STORE_CORRUPT`, `STORE_INACCESSIBLE` */
  static async open(directory: string, { signal }: StoreCall = {}): Promise<ImageStore> {
    const store = new ImageStore(directory);
    await store.#guarded(async () => {
      await store.#index.create(signal);
      await sweepIngest(store.#ingestDirectory);
    });
    return store;
  }

  /** Every name in the store, in order of first pull. */
  async list(): Promise<readonly StoredReference[]> {
    const { manifests } = await this.#guarded(() => this.#index.read());
    return manifests.flatMap((descriptor) => {
      const reference = storedName(descriptor);
      return reference === undefined ? [] : [{ reference, descriptor }];
    });
  }

  /** What a name stands for, without a look at the content. */
  async resolve(reference: string | ImageSource): Promise<ContentDescriptor | undefined> {
    const name = nameOf(reference);
    return (await this.list()).find((entry) => entry.reference === name)?.descriptor;
  }

  /**
   * An image by name; `undefined` when the store does not have it, or not all of it for the platform (this machine's guests by default).
   *
   * @throws OciError `STORE_CORRUPT`, `REFERENCE_INVALID`, `PLATFORM_NOT_FOUND`
   */
  async get(
    reference: string | ImageSource,
    options: StoreCall & { readonly platform?: Platform | undefined } = {},
  ): Promise<StoredImage | undefined> {
    const root = await this.resolve(reference);
    if (root === undefined) return undefined;
    try {
      const load = (descriptor: ContentDescriptor) => this.readManifest(descriptor, options);
      const selected = await selectImage(await load(root), options.platform ?? guestPlatform(), load);
      return await this.describe(nameOf(reference), selected, options);
    } catch (error) {
      if (error instanceof OciError && error.code === "BLOB_NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Forgets a name; `false` when there was none. The content stays for the other names that share it. */
  async remove(reference: string | ImageSource, { signal }: StoreCall = {}): Promise<boolean> {
    const name = nameOf(reference);
    let removed = false;
    await this.#guarded(() =>
      this.#index.update((index) => {
        const manifests = index.manifests.filter((entry) => storedName(entry) !== name);
        removed = manifests.length < index.manifests.length;
        return removed ? { ...index, manifests } : index;
      }, signal),
    );
    return removed;
  }

  /** Whether content is there in full length. Its digest was checked when it came in. */
  async has({ digest, size }: ContentDescriptor): Promise<boolean> {
    try {
      return (await stat(blobPath(this.directory, digest))).size === size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw storeFault(this.directory, error);
    }
  }

  /**
   * Takes content in unless it is there; nobody sees it before it is whole, verified and on disk. Calls for the same content
   * wait for each other, and the later ones find it done.
   *
   * @returns whether it had to be taken in. @throws OciError `BLOB_MISMATCH`
   */
  async add(
    descriptor: ContentDescriptor,
    open: () => AsyncIterable<Uint8Array>,
    { signal }: StoreCall = {},
  ): Promise<boolean> {
    if (await this.has(descriptor)) return false;
    return this.#turns.take(descriptor.digest, signal, async () => {
      if (await this.has(descriptor)) return false;
      const target = blobPath(this.directory, descriptor.digest);
      const content = verifyContent(open(), descriptor);
      await this.#guarded(() => ingest(this.#ingestDirectory, target, content, signal));
      return true;
    });
  }

  /** Gives content a name, in place of what had it before. */
  async name(source: ImageSource, { mediaType, digest, size }: ContentDescriptor, call: StoreCall = {}): Promise<void> {
    const name = formatImageSource(source);
    const entry = { mediaType, digest, size, annotations: { ...nameAnnotations(source) } };
    await this.#guarded(() =>
      this.#index.update((index) => {
        const position = index.manifests.findIndex((other) => storedName(other) === name);
        if (index.manifests[position]?.digest === digest) return index;
        const manifests = position === -1 ? [...index.manifests, entry] : index.manifests.with(position, entry);
        return { ...index, manifests };
      }, call.signal),
    );
  }

  /** Reads a manifest, checked again. @throws OciError `BLOB_NOT_FOUND`, `STORE_CORRUPT` */
  async readManifest(descriptor: ContentDescriptor, call: StoreCall = {}): Promise<RawManifest> {
    const { digest, mediaType, size } = descriptor;
    if (size > MAX_MANIFEST_BYTES) throw tooLarge(`the manifest ${digest}`, size, MAX_MANIFEST_BYTES);
    return { bytes: await this.readBlob(descriptor, call), digest, mediaType };
  }

  /** Puts a selected image together from the store. @throws OciError `BLOB_NOT_FOUND` when a part is missing, `MANIFEST_INVALID` */
  async describe(reference: string, selected: SelectedImage, call: StoreCall = {}): Promise<StoredImage> {
    const { manifest, raw, path } = selected;
    const { size, digest } = manifest.config;
    if (size > MAX_CONFIG_BYTES) throw tooLarge(`the image configuration ${digest}`, size, MAX_CONFIG_BYTES);
    const parsed = parseImageConfig(await this.readBlob(manifest.config, call), digest);
    if (parsed.diffIds.length !== manifest.layers.length) {
      const counts = `${parsed.diffIds.length} diff IDs for ${manifest.layers.length} layers`;
      throw manifestInvalid(`the image configuration ${digest}`, `has ${counts}`);
    }
    const layers = parsed.diffIds.map((diffId, position) => {
      // The lengths were compared above.
      const { mediaType, digest, size } = manifest.layers[position] as ContentDescriptor;
      return { descriptor: { mediaType, digest, size }, diffId, path: blobPath(this.directory, digest) };
    });
    for (const { descriptor } of layers)
      if (!(await this.has(descriptor))) throw notInStore(this.directory, descriptor);
    return {
      reference,
      rootDigest: path[0]?.digest ?? raw.digest,
      manifestDigest: raw.digest,
      platform: parsed.platform,
      config: parsed.config,
      layers,
    };
  }

  /** Reads small content whole, checked again. The caller has compared `size` with a cap. @throws OciError `BLOB_NOT_FOUND`, `STORE_CORRUPT` */
  async readBlob(descriptor: ContentDescriptor, { signal }: StoreCall = {}): Promise<Uint8Array> {
    if (!(await this.has(descriptor))) throw notInStore(this.directory, descriptor);
    const path = blobPath(this.directory, descriptor.digest);
    try {
      const stream = createReadStream(path, { end: descriptor.size, ...(signal === undefined ? {} : { signal }) });
      return await readVerified(stream, descriptor);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OciError) throw storeCorrupt(path, error.message, error);
      throw storeFault(this.directory, error);
    }
  }

  async #guarded<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw storeFault(this.directory, error);
    }
  }
}

function nameOf(reference: string | ImageSource): string {
  return formatImageSource(typeof reference === "string" ? parseImageSource(reference) : reference);
}

function notInStore(directory: string, { digest }: ContentDescriptor): OciError {
  return new OciError({
    code: "BLOB_NOT_FOUND",
    message: `The image store ${directory} does not have the blob ${digest}`,
    hint: "Pull the image again.",
    details: { directory, digest },
  });
}
