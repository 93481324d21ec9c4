import type { Digest } from "@a3s/core";
import { layerFault } from "../errors/layer-fault.ts";

/** One layer: the file that holds its blob, and what the image says of it. */
export interface LayerSource {
  /** Absolute path of the blob. */
  readonly path: string;
  readonly mediaType: string;
  /** Digest of the blob; names the layer in errors. Whoever stored the blob has verified it. */
  readonly digest: Digest;
  /** Digest of the uncompressed layer; verified here. */
  readonly diffId: Digest;
}

const MEDIA_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
]);

/** @throws RootfsError `LAYER_UNSUPPORTED` for anything that is no file system layer, such as encrypted ones and artifacts. */
export function checkMediaType(layer: LayerSource): void {
  if (MEDIA_TYPES.has(layer.mediaType)) return;
  throw layerFault("LAYER_UNSUPPORTED", `The media type ${JSON.stringify(layer.mediaType)} is no file system layer`, {
    layer: layer.digest,
  });
}
