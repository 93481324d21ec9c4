import type { Digest, Platform } from "@a3s/core";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { ImageConfig } from "../manifest/image-config.ts";

/** One layer of an image in the store. */
export interface StoredLayer {
  readonly descriptor: ContentDescriptor;
  /** Digest of the uncompressed tar archive. */
  readonly diffId: Digest;
  /** Absolute path of the blob file. It is immutable. */
  readonly path: string;
}

/** An image for one platform, complete in the store. Plain data. */
export interface StoredImage {
  /** The name in its one spelling, as in `docker.io/library/redis:7` or `oci:/path:tag`. */
  readonly reference: string;
  /** What the name stands for: the digest of the manifest, or of the index of a multi-platform image. */
  readonly rootDigest: Digest;
  /** The digest of the platform's image manifest. */
  readonly manifestDigest: Digest;
  readonly platform: Platform;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly StoredLayer[];
  /** Everything that it consists of: what its name stands for, the indexes on the way, manifest, configuration and layers. */
  readonly content: readonly ContentDescriptor[];
}

/** An entry of the store: a name and what it stands for. */
export interface StoredReference {
  readonly reference: string;
  readonly descriptor: ContentDescriptor;
}
