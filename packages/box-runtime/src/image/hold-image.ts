import type { Digest, Platform, PullPolicy } from "@a3s/core";
import type { PullEvent, StoredImage } from "@a3s/oci";
import type { RootEvent } from "@a3s/rootfs";
import { ReleaseStack } from "../release-stack.ts";
import { findImage, type ImagePullOptions } from "./find-image.ts";
import type { HomeStores } from "./home-stores.ts";
import { RootAhead } from "./root-ahead.ts";

/** What {@link holdImage} needs. */
export interface HoldImageOptions {
  readonly stores: HomeStores;
  readonly pull: ImagePullOptions;
  readonly policy: PullPolicy;
  readonly platform: Platform | undefined;
  readonly signal: AbortSignal;
  readonly onPull: (event: PullEvent) => void;
  readonly onRoot: (event: RootEvent) => void;
  /** The image is in the store; its root may not be complete yet. */
  readonly onImage: () => void;
}

/** An image and its root directory, both kept from removal until this is disposed of. */
export interface HeldBoxImage extends AsyncDisposable {
  readonly image: StoredImage;
  /** Path of the root directory. */
  readonly root: string;
  readonly chainId: Digest;
}

/** Finds or pulls an image and makes its root ready. The layers of an image that is pulled are applied as they come in. */
export async function holdImage(reference: string, options: HoldImageOptions): Promise<HeldBoxImage> {
  const { stores, signal, onPull } = options;
  const store = await stores.roots(signal);
  for (;;) {
    await using ahead = new RootAhead({ store, signal, onProgress: options.onRoot });
    const onProgress = (event: PullEvent) => {
      ahead.follow(event);
      onPull(event);
    };
    const found = await findImage(reference, { ...options, store: await stores.images(signal), onProgress });
    // Another process removed it before it was held.
    if (found === undefined) continue;
    const held = new ReleaseStack();
    try {
      const { image } = held.use(found);
      options.onImage();
      const { path, chainId } = held.use(await ahead.take(image));
      return { image, root: path, chainId, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
    } catch (error) {
      await held[Symbol.asyncDispose]();
      throw error;
    }
  }
}
