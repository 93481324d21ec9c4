import type { Digest } from "@a3s/core";
import { digestOf, jsonBlob, type TestContent } from "@a3s/testing";
import type { ContentDescriptor } from "../../src/manifest/descriptor.ts";

/** A layer of an artifact: its content, and what the artifact says about it. */
export interface ArtifactLayer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Put in place of the true size or digest. */
  readonly descriptor?: Partial<ContentDescriptor>;
}

/** An artifact as cosign lays it out: an image manifest of which the layers are anything, under an empty image configuration. */
export function artifact(
  layers: readonly ArtifactLayer[],
  manifest: Readonly<Record<string, unknown>> = {},
): TestContent {
  const blobs = new Map<Digest, Uint8Array>();
  const descriptors = layers.map(({ mediaType, bytes, annotations, descriptor }) => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...(annotations && { annotations }), ...descriptor };
  });
  const rootfs = { type: "layers", diff_ids: descriptors.map(({ digest }) => digest) };
  const config = jsonBlob("application/vnd.oci.image.config.v1+json", { architecture: "", os: "", config: {}, rootfs });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const value = { schemaVersion: 2, mediaType, config: config.descriptor, layers: descriptors, ...manifest };
  const { descriptor, bytes } = jsonBlob(mediaType, value);
  blobs.set(config.descriptor.digest, config.bytes).set(descriptor.digest, bytes);
  return { descriptor, blobs };
}
