import { type Digest, raceSignal } from "@a3s/core";
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
  /** Fulfilled when the file is complete, for one that is still coming in; the layers below it are applied meanwhile. */
  readonly arrival?: Promise<void> | undefined;
}

/** A layer's file did not come in; `cause` is why. */
export class LayerLost extends Error {}

/** Waits for a layer's file. @throws LayerLost; the signal's reason */
export async function arrived({ arrival }: LayerSource, signal: AbortSignal): Promise<void> {
  if (arrival === undefined) return;
  const lost = (cause: unknown): never => {
    throw new LayerLost("A layer did not come in", { cause });
  };
  await raceSignal(arrival.catch(lost), signal);
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
