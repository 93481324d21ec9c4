import { Operation, type Platform } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import { formatImageSource, type ImageSource, parseImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import { deliverImages } from "./deliver-images.ts";
import type { PushEvent, PushedImage } from "./push-event.ts";

/** Options of {@link save}. */
export interface SaveOptions {
  /** Where the images are. */
  readonly store: ImageStore;
  /**
   * Copies the image for one platform out of an index, instead of the index with all of them. For a `docker-archive`, which has no
   * indexes, it is the platform of this machine's guests by default.
   */
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each event; the same ones that iterating gives. */
  readonly onProgress?: ((event: PushEvent) => void) | undefined;
}

/** A save under way; its images are in the order of the references. */
export type Save = Operation<PushEvent, readonly PushedImage[]>;

/**
 * Copies images of a store into one layout or archive, each under its own name, as `docker save` does. It starts at once.
 *
 * ```ts
 * await save(["alpine:3.22", "redis:7"], "docker-archive:./images.tar", { store });
 * ```
 *
 * Rejects as {@link push} does. The target shows nothing of the images before all of them are there.
 */
export function save(references: readonly string[], to: string, options: SaveOptions): Save {
  return new Operation((emit, signal) => {
    const target = parseImageSource(to);
    expectFiles(target, references.length);
    return deliverImages(references.map(parseImageSource), target, options, { emit, signal });
  }, options);
}

function expectFiles(target: ImageSource, images: number): void {
  const one = target.kind !== "registry" && target.tag !== undefined && images > 1;
  if (target.kind !== "registry" && !one) return;
  const input = formatImageSource(target);
  throw new OciError({
    code: "REFERENCE_INVALID",
    message: `${input} cannot take ${images} images: ${one ? "its tag is for one" : "it is no layout or archive"}`,
    hint: "Write oci:/path, oci-archive:/path.tar or docker-archive:/path.tar; push takes an image to a registry.",
    details: { input, part: one ? "tag" : "reference", value: input, offset: 0 },
  });
}
