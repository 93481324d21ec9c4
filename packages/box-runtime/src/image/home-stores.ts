import type { HomeLayout } from "@a3s/core";
import type { ImageStore } from "@a3s/oci";
import { LowerStore } from "@a3s/rootfs";

/** How long a store is kept open, in milliseconds: to open one is to remove what dead processes left in it. */
const KEPT_MS = 60 * 60 * 1000;

/**
 * The stores of a home directory. Each is opened when it is first needed and kept for an hour; one that was removed meanwhile is opened
 * again. Constructing this touches nothing.
 */
export class HomeStores {
  readonly #roots: KeptOpen<LowerStore>;
  readonly #images: KeptOpen<ImageStore>;

  /** @param now milliseconds that only ever grow */
  constructor({ rootfs, images }: Pick<HomeLayout, "rootfs" | "images">, now = () => performance.now()) {
    this.#roots = new KeptOpen((call) => LowerStore.open(rootfs, call), now);
    // Loaded when it is needed: it is the largest package, and who looks at boxes needs none of it.
    this.#images = new KeptOpen(async (call) => (await import("@a3s/oci")).ImageStore.open(images, call), now);
  }

  /** @throws as `LowerStore.open` */
  roots(signal?: AbortSignal): Promise<LowerStore> {
    return this.#roots.get(signal);
  }

  /** @throws as `ImageStore.open` */
  images(signal?: AbortSignal): Promise<ImageStore> {
    return this.#images.get(signal);
  }

  /** From here on they are opened again. */
  forget(): void {
    this.#roots.forget();
    this.#images.forget();
  }
}

type OpenStore<Store> = (call: { readonly signal?: AbortSignal | undefined }) => Promise<Store>;

/** A store holds nothing of the system's, so there is nothing to dispose of. */
class KeptOpen<Store extends { isThere(): Promise<boolean> }> {
  readonly #open: OpenStore<Store>;
  readonly #now: () => number;
  #kept: { readonly store: Store; readonly untilMs: number } | undefined;

  constructor(open: OpenStore<Store>, now: () => number) {
    this.#open = open;
    this.#now = now;
  }

  async get(signal: AbortSignal | undefined): Promise<Store> {
    signal?.throwIfAborted();
    const kept = this.#kept;
    if (kept !== undefined && this.#now() < kept.untilMs && (await kept.store.isThere())) return kept.store;
    const store = await this.#open({ signal });
    this.#kept = { store, untilMs: this.#now() + KEPT_MS };
    return store;
  }

  forget(): void {
    this.#kept = undefined;
  }
}
