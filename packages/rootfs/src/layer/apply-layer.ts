import { RootfsError } from "../errors/rootfs-error.ts";
import type { RootBuilder } from "../root/root-builder.ts";
import { TarReader } from "../tar/reader.ts";
import { Expansion } from "./expansion.ts";
import type { LayerSource } from "./layer-source.ts";
import { LayerWriter } from "./layer-writer.ts";
import { type ReadLayerOptions, readLayer } from "./read-layer.ts";
import type { Tally } from "./tally.ts";

/**
 * Applies one layer on top of what the root holds. Files are written between the pieces of the stream, while the next ones are
 * decompressed on another thread.
 *
 * @throws RootfsError with the layer's digest and the entry in `details`; system errors of the store; the signal's reason.
 */
export async function applyLayer(
  root: RootBuilder,
  layer: LayerSource,
  tally: Tally,
  options: Pick<ReadLayerOptions, "signal" | "onRead">,
): Promise<void> {
  const expansion = new Expansion(tally.limits.maxRatio);
  using writer = new LayerWriter(root, tally, expansion);
  const reader = new TarReader(writer, tally.limits.maxExtensionBytes);
  try {
    await readLayer(layer, { ...options, expansion }, (chunk) => {
      tally.addBytes(chunk.length);
      reader.push(chunk);
    });
    reader.finish();
  } catch (error) {
    throw error instanceof RootfsError ? inLayer(error, layer, writer.path) : error;
  }
}

function inLayer(error: RootfsError, layer: LayerSource, entry: string | undefined): RootfsError {
  // Errors about the whole stream do not depend on the entry that happened to be last.
  const isOfEntry = error.code !== "DIFF_ID_MISMATCH" && error.code !== "LAYER_UNREADABLE" && entry !== undefined;
  const where = isOfEntry ? `, at or after entry ${JSON.stringify(entry.slice(0, 200))}` : "";
  return new RootfsError({
    code: error.code,
    message: `${error.message} (layer ${layer.digest}${where})`,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.cause === undefined ? {} : { cause: error.cause }),
    details: { ...error.details, layer: layer.digest, ...(isOfEntry ? { entry } : {}) },
  });
}
