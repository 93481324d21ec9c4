import { join, resolve } from "node:path";
import { type Digest, guestPlatform, type Platform } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { MAX_MANIFEST_BYTES, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import { type SelectedImage, selectImage } from "../manifest/select-image.ts";
import type { ImageSource } from "../source/image-source.ts";
import type { OpenContent } from "../transport/destination.ts";
import { BlobFiles } from "./blob-files.ts";
import { type Evicted, evictImages } from "./evict-images.ts";
import { DEFAULT_IMAGE_CACHE_BYTES } from "./eviction.ts";
import { type Garbage, removeGarbage, type StoreFiles, writeFewerNames } from "./garbage.ts";
import { assembleImage, requireLayers } from "./image-content.ts";
import { type ImageInspection, inspectImage } from "./image-inspection.ts";
import { IndexFile } from "./index-file.ts";
import { namedEntries, nameOf, withName, withoutName, withTag } from "./index-names.ts";
import { type Added, Ingest } from "./ingest.ts";
import { type Lease, Leases } from "./leases.ts";
import type { EvictOptions, LeaseOptions, StoreCall, VerifyOptions } from "./store-call.ts";
import { storeFault } from "./store-fault.ts";
import type { StoredImage, StoredReference } from "./stored-image.ts";
import { measureUsage, type StoreUsage } from "./usage.ts";
import { type VerifyReport, verifyStore } from "./verify-store.ts";

/**
 * Images in one standard OCI image layout, so that other tools read it as well. Any number of processes may use it at the same time.
 * Beside the layout it has `store.lock`, `ingest/`, `leases/` and `quarantine/`, which other tools pass over. It needs Linux.
 *
 * ```ts
 * const store = await ImageStore.open(homeLayout().images);
 * const image = await store.get("alpine:3.22");
 * ```
 */
export class ImageStore {
  readonly directory: string;
  readonly #index: IndexFile;
  readonly #blobs: BlobFiles;
  readonly #leases: Leases;
  readonly #ingest: Ingest;

  private constructor(directory: string) {
    this.directory = resolve(directory);
    this.#index = new IndexFile(this.directory);
    this.#blobs = new BlobFiles(this.directory);
    this.#leases = new Leases(join(this.directory, "leases"));
    this.#ingest = new Ingest(join(this.directory, "ingest"), this.#blobs);
  }

  /**
   * Opens a store and makes it when there is none. Parts of blobs that nobody went on with for 7 days are removed.
   *
   * @throws OciError `STORE_CORRUPT`, `STORE_INACCESSIBLE`
   */
  static async open(directory: string, { signal }: StoreCall = {}): Promise<ImageStore> {
    const store = new ImageStore(directory);
    await store.#guarded(async () => {
      await store.#index.create(signal);
      await store.#ingest.sweep();
    });
    return store;
  }

  /** Whether the store is where it was opened: somebody may have removed it since. It is opened again then. */
  async isThere(): Promise<boolean> {
    return this.#guarded(async () => (await this.#index.isThere()) && (await this.#ingest.isThere()));
  }

  /** Every name in the store, in order of first pull. */
  async list(): Promise<readonly StoredReference[]> {
    return this.#guarded(async () => namedEntries(await this.#index.read()));
  }

  /** What a name stands for, without a look at the content. */
  async resolve(reference: string | ImageSource): Promise<ContentDescriptor | undefined> {
    const name = nameOf(reference);
    return (await this.list()).find((entry) => entry.reference === name)?.descriptor;
  }

  /**
   * An image by name; `undefined` when the store does not have it, or not all of it for the platform (this machine's guests by default).
   * It counts as a use. What may be evicted meanwhile stays by {@link lease}.
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
      const image = await this.describe(nameOf(reference), selected, options);
      await this.#guarded(() => requireLayers(this.#blobs, image));
      await this.#blobs.touch(image.rootDigest);
      return image;
    } catch (error) {
      if (error instanceof OciError && error.code === "BLOB_NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** All that is known of a name: its manifests for all platforms, present or not, sizes and last use; `undefined` without such a name. */
  async inspect(reference: string | ImageSource, { signal }: StoreCall = {}): Promise<ImageInspection | undefined> {
    return this.#guarded(() => inspectImage(this.#files, nameOf(reference), signal));
  }

  /** Gives content a name, in place of what had it before. */
  async name(source: ImageSource, content: ContentDescriptor, { signal }: StoreCall = {}): Promise<void> {
    await this.#guarded(() => this.#index.update((index) => withName(index, source, content), signal));
    await this.#blobs.touch(content.digest);
  }

  /** Gives what `source` stands for the name `target` as well. @throws OciError `IMAGE_NOT_FOUND`, `REFERENCE_INVALID` */
  async tag(source: string | ImageSource, target: string | ImageSource, { signal }: StoreCall = {}): Promise<void> {
    await this.#guarded(() => this.#index.update((index) => withTag(index, source, target), signal));
  }

  /** Forgets a name; `false` when there was none. The content stays until {@link gc}, unless the disk is full. */
  async remove(reference: string | ImageSource, { signal }: StoreCall = {}): Promise<boolean> {
    const name = nameOf(reference);
    return this.#locked(signal, async () => {
      const before = await this.#index.read();
      const after = withoutName(before, name);
      if (after === before) return false;
      await writeFewerNames(this.#files, after, signal);
      return true;
    });
  }

  /**
   * Keeps content in the store, whatever happens to its names, until the lease is disposed, the process ends or, with a `name`, the
   * lease is released. An image must be whole; bare digests may also be of content that is still to come.
   *
   * @throws OciError `BLOB_NOT_FOUND`
   */
  async lease(what: StoredImage | readonly Digest[], { name, signal }: LeaseOptions = {}): Promise<Lease> {
    const image = "content" in what ? what : undefined;
    const digests = image === undefined ? [...(what as readonly Digest[])] : image.content.map(({ digest }) => digest);
    const lease = await this.#locked(signal, async () => {
      for (const part of image?.content ?? []) if (!(await this.has(part))) throw this.#blobs.notFound(part);
      return name === undefined ? this.#leases.hold(digests) : this.#leases.write(name, digests);
    });
    if (image !== undefined) await this.#blobs.touch(image.rootDigest);
    return lease;
  }

  /** Ends a named lease; `false` when there was none. */
  async release(name: string): Promise<boolean> {
    return this.#guarded(() => this.#leases.release(name));
  }

  /** Removes every blob that no name and no lease leads to. Pulls under way, of any process, are safe: they hold leases. */
  async gc({ signal }: StoreCall = {}): Promise<Garbage> {
    return this.#locked(signal, async () => removeGarbage(this.#files, await this.#index.read(), signal));
  }

  /** Removes names, least recently used first, until what is left fits, and then what nobody needs. Images under lease stay. */
  async evict({ maxBytes = DEFAULT_IMAGE_CACHE_BYTES, keep = [], signal }: EvictOptions = {}): Promise<Evicted> {
    // Compared with NaN, nothing ever fits, and every image would go.
    if (!(maxBytes >= 0)) throw new RangeError(`${maxBytes} is no number of bytes to keep`);
    const limits = { maxBytes, keep: new Set(keep.map(nameOf)) };
    return this.#locked(signal, () => evictImages(this.#files, limits, signal));
  }

  /** Bytes on disk: in all, by name, shared, and what {@link gc} would free. */
  async usage({ signal }: StoreCall = {}): Promise<StoreUsage> {
    return this.#locked(signal, async () => measureUsage(this.#files, await this.#ingest.bytes(), signal));
  }

  /**
   * Reads every blob again and moves what is damaged into `quarantine/`; the next pull fetches it anew. It stops nobody else.
   */
  async verify({ signal = new AbortController().signal, onProgress }: VerifyOptions = {}): Promise<VerifyReport> {
    const files = { ...this.#files, ingest: this.#ingest, quarantine: join(this.directory, "quarantine") };
    return this.#guarded(() => verifyStore(files, signal, onProgress));
  }

  /** Whether content is there in full length. Its digest was checked when it came in. */
  async has(descriptor: Pick<ContentDescriptor, "digest" | "size">): Promise<boolean> {
    return this.#guarded(() => this.#blobs.has(descriptor));
  }

  /**
   * Takes content in unless it is there; nobody sees it before it is whole, verified and on disk. Of several calls for the same
   * content, in any process, one takes it in and the others wait. What a call leaves that failed, was aborted or died with its
   * process is where the next one asks `open` to go on. Content that no name leads to stays only under a {@link lease}.
   *
   * @throws OciError `BLOB_MISMATCH`
   */
  async add(descriptor: ContentDescriptor, open: OpenContent, { signal }: StoreCall = {}): Promise<Added> {
    if (await this.has(descriptor)) return { taken: false, resumedFrom: 0 };
    return this.#guarded(() => this.#ingest.take(descriptor, open, signal));
  }

  /** Reads a manifest, checked again. @throws OciError `BLOB_NOT_FOUND`, `STORE_CORRUPT` */
  async readManifest(descriptor: ContentDescriptor, call: StoreCall = {}): Promise<RawManifest> {
    const { digest, mediaType, size } = descriptor;
    if (size > MAX_MANIFEST_BYTES) throw tooLarge(`the manifest ${digest}`, size, MAX_MANIFEST_BYTES);
    return { bytes: await this.readBlob(descriptor, call), digest, mediaType };
  }

  /**
   * What a selected image is, or will be when its layers are there: only manifests and configuration are looked at.
   *
   * @throws OciError `BLOB_NOT_FOUND`, `MANIFEST_INVALID`
   */
  async describe(reference: string, selected: SelectedImage, { signal }: StoreCall = {}): Promise<StoredImage> {
    return this.#guarded(() => assembleImage(this.#blobs, reference, selected, signal));
  }

  /** Reads small content whole, checked again. The caller has compared `size` with a cap. @throws OciError `BLOB_NOT_FOUND`, `STORE_CORRUPT` */
  async readBlob(descriptor: ContentDescriptor, { signal }: StoreCall = {}): Promise<Uint8Array> {
    return this.#guarded(() => this.#blobs.read(descriptor, signal));
  }

  get #files(): StoreFiles {
    return { index: this.#index, blobs: this.#blobs, leases: this.#leases };
  }

  /** Runs a task with the lock of the store. */
  #locked<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    return this.#guarded(() => this.#index.locked(signal, task));
  }

  async #guarded<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw storeFault(this.directory, error);
    }
  }
}
