import type { Digest } from "@a3s/core";
import type { PullEvent, StoredImage } from "@a3s/oci";
import { type LayerSource, type LeasedRoot, type LowerStore, leaseRoot, type RootEvent } from "@a3s/rootfs";

/** What a {@link RootAhead} needs. */
export interface RootAheadOptions {
  readonly store: LowerStore;
  readonly onProgress: (event: RootEvent) => void;
  readonly signal: AbortSignal;
}

type Arrival = PromiseWithResolvers<void>;

/** Builds the root of an image while the image is being pulled. */
export class RootAhead implements AsyncDisposable {
  readonly #options: RootAheadOptions;
  readonly #arrivals = new Map<Digest, Arrival>();
  #root: PromiseLike<LeasedRoot> | undefined;
  readonly #abort = new AbortController();

  constructor(options: RootAheadOptions) {
    this.#options = options;
  }

  /** Takes the events of the pull, in order. */
  readonly follow = (event: PullEvent): void => {
    if (event.type === "manifest") this.#root = this.#begin(event.image);
    else if (event.type === "layer-present" || event.type === "layer-done") this.#arrivals.get(event.digest)?.resolve();
  };

  /** The root of the image that is in the store now. Whoever takes it disposes of it. */
  async take(image: StoredImage): Promise<LeasedRoot> {
    const root = await (this.#root ?? this.#lease(layersOf(image)));
    this.#root = undefined;
    return root;
  }

  /** Ends what has not been taken, and returns when nothing of it runs any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    // Others may wait for the same root, and have these layers from elsewhere.
    for (const { reject } of this.#arrivals.values()) reject(new Error("The pull has ended"));
    this.#abort.abort();
    await this.#root?.then(
      (root) => root[Symbol.asyncDispose](),
      () => {},
    );
  }

  #begin(image: StoredImage): PromiseLike<LeasedRoot> {
    const layers = layersOf(image).map((layer) => {
      const arrival = this.#arrivals.get(layer.digest) ?? Promise.withResolvers<void>();
      this.#arrivals.set(layer.digest, arrival);
      return { ...layer, arrival: arrival.promise };
    });
    return this.#lease(layers);
  }

  #lease(layers: readonly LayerSource[]): PromiseLike<LeasedRoot> {
    const { store, onProgress, signal } = this.#options;
    return leaseRoot({ store, layers, onProgress, signal: AbortSignal.any([signal, this.#abort.signal]) });
  }
}

function layersOf({ layers }: StoredImage): readonly LayerSource[] {
  return layers.map(({ descriptor, diffId, path }) => ({ ...descriptor, diffId, path }));
}
