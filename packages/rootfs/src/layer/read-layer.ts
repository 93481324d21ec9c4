import { createHash } from "node:crypto";
import { decompress, detectCompression, digestParts, isDecoderError } from "@a3s/core";
import { layerFault } from "../errors/layer-fault.ts";
import { RootfsError } from "../errors/rootfs-error.ts";
import { Blob } from "./blob.ts";
import type { Expansion } from "./expansion.ts";
import type { LayerSource } from "./layer-source.ts";

/** What bounds {@link readLayer}. */
export interface ReadLayerOptions {
  readonly expansion: Expansion;
  readonly signal: AbortSignal;
  /** Called as the file is read. @param read compressed bytes so far, of `size`. */
  readonly onRead: (read: number, size: number) => void;
}

/**
 * Streams the uncompressed bytes of a layer to `take` and verifies the diff ID at the end. `take` has seen everything by then, so
 * what it made is not to be shown to anyone before this resolves.
 *
 * @throws RootfsError `LAYER_UNREADABLE`, `LAYER_INVALID`, `LAYER_TOO_LARGE`, `DIFF_ID_MISMATCH`; what `take` throws; the
 * signal's reason.
 */
export async function readLayer(
  layer: LayerSource,
  options: ReadLayerOptions,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const { algorithm } = digestParts(layer.diffId);
  const hash = createHash(algorithm);
  await using blob = await Blob.open(layer.path);
  const compression = detectCompression(blob.start);
  try {
    for await (const chunk of decompress(blob.stream(), compression)) {
      options.signal.throwIfAborted();
      options.expansion.decompressed(chunk.length, blob.bytesRead);
      hash.update(chunk);
      take(chunk);
      options.onRead(blob.bytesRead, blob.size);
    }
  } catch (error) {
    if (!isDecoderError(error)) throw error;
    throw layerFault("LAYER_INVALID", `The ${compression} stream is broken: ${error.message}`);
  }
  verify(layer, `${algorithm}:${hash.digest("hex")}`);
}

function verify(layer: LayerSource, actual: string): void {
  if (actual === layer.diffId) return;
  throw new RootfsError({
    code: "DIFF_ID_MISMATCH",
    message: `The layer holds ${actual}, not its diff ID ${layer.diffId}`,
    hint: "The image is inconsistent or its file was changed: pull it again, and report it to its publisher if it stays so.",
    details: { expected: layer.diffId, actual },
  });
}
