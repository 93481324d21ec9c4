import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Digest, type DigestAlgorithm, digestParts } from "@a3s/core";
import { digestOf } from "./blob.ts";
import { tarArchive } from "./tar-archive.ts";
import type { TarEntry } from "./tar-entry.ts";

export type LayerCompression = "gzip" | "zstd" | "none";

/** How a test layer is packed. */
export interface TestLayerOptions {
  /** gzip by default. */
  readonly compression?: LayerCompression;
  /** Algorithm of the blob's digest; sha256 by default. The diff ID is always sha256. */
  readonly algorithm?: DigestAlgorithm;
  /** Overrides the media type that fits the compression, for example with Docker's. */
  readonly mediaType?: string;
}

/** One layer in memory: the blob, and the digest of what is inside the compression. */
export interface TestLayer {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly diffId: Digest;
}

const MEDIA_TYPES: Readonly<Record<LayerCompression, string>> = {
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  none: "application/vnd.oci.image.layer.v1.tar",
};

const COMPRESS: Readonly<Record<LayerCompression, (tar: Uint8Array) => Uint8Array>> = {
  gzip: (tar) => gzipSync(tar),
  zstd: (tar) => zstdCompressSync(tar),
  none: (tar) => tar,
};

/**
 * Packs entries (or a finished tar archive) as an image layer.
 *
 * ```ts
 * const layer = testLayer([{ type: "file", path: "etc/motd", content: "hello\n" }, { type: "whiteout", path: "etc/issue" }]);
 * ```
 */
export function testLayer(content: readonly TarEntry[] | Uint8Array, options: TestLayerOptions = {}): TestLayer {
  const { compression = "gzip", algorithm = "sha256" } = options;
  const tar = content instanceof Uint8Array ? content : tarArchive(content);
  const bytes = COMPRESS[compression](tar);
  return {
    bytes,
    mediaType: options.mediaType ?? MEDIA_TYPES[compression],
    digest: digestOf(bytes, algorithm),
    diffId: digestOf(tar),
  };
}

/** Writes the layer's blob into a directory, for code that reads layers from files. */
export async function writeTestLayer(
  directory: string,
  layer: TestLayer,
): Promise<{ readonly path: string; readonly mediaType: string; readonly digest: Digest; readonly diffId: Digest }> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, digestParts(layer.digest).hex);
  await writeFile(path, layer.bytes);
  return { path, mediaType: layer.mediaType, digest: layer.digest, diffId: layer.diffId };
}
