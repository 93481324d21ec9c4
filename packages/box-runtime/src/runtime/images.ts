import { type Digest, type HomeLayout, Operation } from "@a3s/core";
import type {
  Evicted,
  ImageInspection,
  ImageStore,
  Load,
  LoadOptions,
  Pull,
  PullOptions,
  Push,
  PushOptions,
  Save,
  SaveOptions,
  StoreUsage,
} from "@a3s/oci";
import type { PruneReport, StoreUsage as RootUsage } from "@a3s/rootfs";
import { HomeStores } from "../image/home-stores.ts";

/** Options of every call. */
export interface ImageCall {
  readonly signal?: AbortSignal | undefined;
}

/** A name in the store. */
export interface ImageSummary {
  readonly reference: string;
  /** What the name stands for: the digest of a manifest, or of the index of a multi-platform image. */
  readonly digest: Digest;
  /** Bytes in the store, compressed. */
  readonly totalBytes: number;
  /** Of these, bytes that no other name leads to. */
  readonly uniqueBytes: number;
}

/** Bounds of {@link Images.prune}. */
export interface ImagePruneOptions extends ImageCall {
  /** Bytes of images that may stay, least recently used first to go; 0 by default, so that only what boxes hold stays. */
  readonly maxImageBytes?: number | undefined;
  /** Bytes of root directories that may stay; 0 by default. */
  readonly maxRootBytes?: number | undefined;
}

/** What {@link Images.prune} removed. */
export interface ImagePruneReport {
  readonly images: Evicted;
  readonly roots: PruneReport;
}

/** The images of a home directory, and the root directories that were made of them. Constructing this touches nothing. */
export class Images {
  readonly #stores: HomeStores;
  readonly #defaults: Partial<PullOptions>;

  /**
   * @param defaults of pulls and pushes: credentials, mirrors, certificates.
   * @param stores those that others of the same home have open, too; its own by default.
   */
  constructor(home: HomeLayout, defaults: Partial<PullOptions> = {}, stores = new HomeStores(home)) {
    this.#stores = stores;
    this.#defaults = defaults;
  }

  /** Pulls an image; see `pull` of `@a3s/oci`. It starts at once, and is awaited or iterated. */
  pull(reference: string, options: Omit<PullOptions, "store"> = {}): Pull {
    return this.#operate(options, ({ pull }, store, call) =>
      pull(reference, { ...this.#defaults, ...options, ...call, store }),
    );
  }

  /** Copies an image to a registry, or to files; see `push` of `@a3s/oci`. */
  push(reference: string, options: Omit<PushOptions, "store"> = {}): Push {
    return this.#operate(options, ({ push }, store, call) =>
      push(reference, { ...this.#defaults, ...options, ...call, store }),
    );
  }

  /** Writes images into a layout or an archive, as `docker save` does. */
  save(references: readonly string[], to: string, options: Omit<SaveOptions, "store"> = {}): Save {
    return this.#operate(options, ({ save }, store, call) => save(references, to, { ...options, ...call, store }));
  }

  /** Brings in the images of an archive or a layout, as `docker load` does. */
  load(from: string | AsyncIterable<Uint8Array>, options: Omit<LoadOptions, "store"> = {}): Load {
    return this.#operate(options, ({ load }, store, call) => load(from, { ...options, ...call, store }));
  }

  /** Every name, in order of first pull. */
  async list(call: ImageCall = {}): Promise<readonly ImageSummary[]> {
    const store = await this.#store(call);
    const names = new Map((await store.list()).map(({ reference, descriptor }) => [reference, descriptor.digest]));
    const { images } = await store.usage(call);
    return images.flatMap(({ reference, totalBytes, uniqueBytes }) => {
      const digest = names.get(reference);
      return digest === undefined ? [] : [{ reference, digest, totalBytes, uniqueBytes }];
    });
  }

  /** Every name, in order of first pull, without a look at what it stands for. */
  async names(call: ImageCall = {}): Promise<readonly string[]> {
    return (await (await this.#store(call)).list()).map(({ reference }) => reference);
  }

  /** All that is known of a name. @throws OciError `IMAGE_NOT_FOUND` */
  async inspect(reference: string, call: ImageCall = {}): Promise<ImageInspection> {
    const found = await (await this.#store(call)).inspect(reference, call);
    if (found === undefined) throw await imageNotFound(reference);
    return found;
  }

  /** Gives what `source` stands for another name. @throws OciError `IMAGE_NOT_FOUND`, `REFERENCE_INVALID` */
  async tag(source: string, target: string, call: ImageCall = {}): Promise<void> {
    await (await this.#store(call)).tag(source, target, call);
  }

  /**
   * Forgets a name, and removes what nothing else needs. A box keeps the root directory that was made of its image.
   *
   * @throws OciError `IMAGE_NOT_FOUND`
   */
  async remove(reference: string, call: ImageCall = {}): Promise<void> {
    const store = await this.#store(call);
    if (!(await store.remove(reference, call))) throw await imageNotFound(reference);
    await store.gc(call);
  }

  /** Removes images that nobody uses now, and root directories that no box has, running or not. */
  async prune({ maxImageBytes = 0, maxRootBytes = 0, signal }: ImagePruneOptions = {}): Promise<ImagePruneReport> {
    // With what dead processes left.
    this.#stores.forget();
    const images = await (await this.#store({ signal })).evict({ maxBytes: maxImageBytes, signal });
    const roots = await (await this.#stores.roots(signal)).prune({ maxBytes: maxRootBytes, signal });
    return { images, roots };
  }

  /** What the images take on disk. */
  async usage(call: ImageCall = {}): Promise<StoreUsage> {
    return (await this.#store(call)).usage(call);
  }

  /** What their root directories take on disk. */
  async rootUsage(call: ImageCall = {}): Promise<RootUsage> {
    return (await this.#stores.roots(call.signal)).usage(call);
  }

  #store({ signal }: ImageCall): Promise<ImageStore> {
    return this.#stores.images(signal);
  }

  #operate<Event, Result>(
    options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: ((event: Event) => void) | undefined },
    start: (
      oci: typeof import("@a3s/oci"),
      store: ImageStore,
      call: { signal: AbortSignal; onProgress: (event: Event) => void },
    ) => PromiseLike<Result>,
  ): Operation<Event, Result> {
    return new Operation(async (onProgress, signal) => {
      return start(await loadOci(), await this.#store({ signal }), { signal, onProgress });
    }, options);
  }
}

/** Loaded when it is needed: it is the largest package, and who looks at boxes needs none of it. */
function loadOci(): Promise<typeof import("@a3s/oci")> {
  return import("@a3s/oci");
}

async function imageNotFound(reference: string): Promise<Error> {
  const { OciError } = await loadOci();
  return new OciError({
    code: "IMAGE_NOT_FOUND",
    message: `The store has no image ${reference}`,
    hint: "List the images, or pull it.",
    details: { reference },
  });
}
