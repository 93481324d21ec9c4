import { Operation } from "@a3s/core";
import type { RegistryOptions } from "../registry/client.ts";
import { parseImageSource } from "../source/image-source.ts";
import { deliverImages } from "./deliver-images.ts";
import type { PushEvent, PushedImage } from "./push-event.ts";
import type { SaveOptions } from "./save.ts";

/** Options of {@link push}. */
export interface PushOptions extends SaveOptions, RegistryOptions {
  /** Where the image goes, if not where its name says: a reference, or a layout or archive as in `oci-archive:/path.tar:tag`. */
  readonly to?: string | undefined;
  /**
   * Most bytes of one request to a registry; a larger blob goes in chunks. By default a blob goes in one request, which every registry
   * takes. Set it for a registry behind a proxy that limits requests. An upload that broke off is resumed either way.
   */
  readonly chunkBytes?: number | undefined;
}

/** A push under way. */
export type Push = Operation<PushEvent, PushedImage>;

/**
 * Copies an image of a store to a registry, a layout or an archive, byte for byte: digests stay what they are. It starts at once.
 * Content comes first and the name last, so that a name never stands for half an image.
 *
 * ```ts
 * await push("ghcr.io/owner/name:1", { store, credentials });
 * await push("alpine:3.22", { store, to: "localhost:5000/alpine:3.22" });
 * await push("alpine:3.22", { store, to: "oci:./layout:3.22", platform: { os: "linux", architecture: "arm64" } });
 * ```
 *
 * Rejects with an {@link OciError}, or with the signal's reason: `IMAGE_NOT_FOUND` when the store does not have the image, `BLOB_NOT_FOUND`
 * when it does not have all of it, as when one platform of an index was pulled and `platform` does not name it.
 */
export function push(reference: string, options: PushOptions): Push {
  return new Operation(async (emit, signal) => {
    const from = parseImageSource(reference);
    const to = parseImageSource(options.to ?? reference);
    const images = await deliverImages([from], to, options, { emit, signal });
    // One image for each source.
    return images[0] as PushedImage;
  }, options);
}
