import { type Digest, type DigestAlgorithm, guestPlatform, type Platform } from "@a3s/core";
import { jsonBlob, type TestContent, type TestDescriptor } from "./blob.ts";
import type { TestLayer } from "./layer.ts";

const OCI = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
};
const DOCKER = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  index: "application/vnd.docker.distribution.manifest.list.v2+json",
};

/** What a test image is made of. */
export interface TestImageOptions {
  readonly layers?: readonly TestLayer[];
  /** The `config` object of the image configuration, in image-spec's own spelling: `{ Cmd: ["sh"], Env: ["A=1"] }`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** The guests' platform on this machine by default. */
  readonly platform?: Platform;
  /** Media types of the manifest and configuration; `oci` by default. */
  readonly format?: "oci" | "docker";
  readonly algorithm?: DigestAlgorithm;
  /** Fields put over the manifest's, for malformed manifests and unknown fields. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Fields put over the image configuration's, outside its `config`. */
  readonly imageConfig?: Readonly<Record<string, unknown>>;
}

/** A test image: its manifest's descriptor carries the platform. */
export interface TestImage extends TestContent {
  readonly configDescriptor: TestDescriptor;
  readonly layers: readonly TestLayer[];
}

/**
 * Builds an image in memory; without layers it is an empty one.
 *
 * ```ts
 * const image = testImage({ layers: [testLayer([...])], config: { Cmd: ["sh"] } });
 * await writeTestLayout(directory, { latest: image });
 * ```
 */
export function testImage(options: TestImageOptions = {}): TestImage {
  const { layers = [], platform = guestPlatform(), algorithm = "sha256" } = options;
  const types = options.format === "docker" ? DOCKER : OCI;
  const config = jsonBlob(
    types.config,
    {
      ...platform,
      config: options.config ?? {},
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
      ...options.imageConfig,
    },
    algorithm,
  );
  const manifest = jsonBlob(
    types.manifest,
    {
      schemaVersion: 2,
      mediaType: types.manifest,
      config: config.descriptor,
      layers: layers.map(({ mediaType, digest, bytes }) => ({ mediaType, digest, size: bytes.length })),
      ...options.manifest,
    },
    algorithm,
  );
  const blobs = new Map<Digest, Uint8Array>(layers.map((layer) => [layer.digest, layer.bytes]));
  blobs.set(config.descriptor.digest, config.bytes).set(manifest.descriptor.digest, manifest.bytes);
  return { descriptor: { ...manifest.descriptor, platform }, blobs, configDescriptor: config.descriptor, layers };
}

/** How a test index is written. */
export interface TestIndexOptions {
  readonly format?: "oci" | "docker";
  readonly algorithm?: DigestAlgorithm;
  /** Fields put over the index's. */
  readonly index?: Readonly<Record<string, unknown>>;
}

/** Builds an index of images and of other indexes. */
export function testIndex(contents: readonly TestContent[], options: TestIndexOptions = {}): TestContent {
  const mediaType = (options.format === "docker" ? DOCKER : OCI).index;
  const manifests = contents.map((content) => content.descriptor);
  const value = { schemaVersion: 2, mediaType, manifests, ...options.index };
  const { descriptor, bytes } = jsonBlob(mediaType, value, options.algorithm);
  return { descriptor, blobs: new Map([...contents.flatMap(({ blobs }) => [...blobs]), [descriptor.digest, bytes]]) };
}
