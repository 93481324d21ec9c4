import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type Digest, digestParts } from "@a3s/core";
import { layerFault } from "../errors/layer-fault.ts";
import { RootfsError } from "../errors/rootfs-error.ts";
import { decompress, detectCompression } from "./decompress.ts";
import type { LayerSource } from "./layer-source.ts";
import { RATIO_FREE_BYTES } from "./limits.ts";

const READ_BYTES = 256 * 1024;

/** Bounds of {@link readLayer}. */
export interface ReadLayerOptions {
  readonly maxRatio: number;
  readonly signal: AbortSignal;
}

/**
 * Streams the uncompressed bytes of a layer to `take` and verifies the diff ID at the end. `take` has seen everything by then, so
 * what it made is not to be shown to anyone before this resolves.
 *
 * @throws RootfsError `LAYER_UNREADABLE`, `LAYER_INVALID`, `LAYER_TOO_LARGE`, `DIFF_ID_MISMATCH`; what `take`
 * throws; the signal's reason.
 */
export async function readLayer(
  layer: LayerSource,
  options: ReadLayerOptions,
  take: (chunk: Buffer) => void,
): Promise<void> {
  const hash = createHash(digestParts(layer.diffId).algorithm);
  await using file = await openBlob(layer.path);
  const start = Buffer.alloc(4);
  const { bytesRead } = await file.read(start, 0, 4, 0);
  const compression = detectCompression(start.subarray(0, bytesRead));
  const source = file.createReadStream({ start: 0, highWaterMark: READ_BYTES, autoClose: false });
  let taken = 0;
  try {
    for await (const chunk of decompress(source, compression)) {
      options.signal.throwIfAborted();
      taken += chunk.length;
      checkRatio(taken, source.bytesRead, options.maxRatio);
      hash.update(chunk);
      take(chunk);
    }
  } catch (error) {
    throw isDecoderError(error)
      ? layerFault("LAYER_INVALID", `The ${compression} stream is broken: ${error.message}`)
      : error;
  } finally {
    source.destroy();
  }
  verify(layer, `${digestParts(layer.diffId).algorithm}:${hash.digest("hex")}`);
}

async function openBlob(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw new RootfsError({
      code: "LAYER_UNREADABLE",
      message: `The layer's file ${JSON.stringify(path)} cannot be opened`,
      hint: "Pull the image again.",
      cause,
    });
  }
}

function checkRatio(bytes: number, compressedBytes: number, maxRatio: number): void {
  if (bytes <= RATIO_FREE_BYTES || bytes <= compressedBytes * maxRatio) return;
  throw layerFault("LAYER_TOO_LARGE", `${compressedBytes} compressed bytes became more than ${maxRatio} times as many`);
}

function isDecoderError(error: unknown): error is Error {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" && /^(Z_|ZSTD_|ERR_ZSTD|ERR_BUFFER_TOO_LARGE)/.test(code);
}

function verify(layer: LayerSource, actual: string): void {
  if (actual === layer.diffId) return;
  throw new RootfsError({
    code: "DIFF_ID_MISMATCH",
    message: `The layer holds ${actual}, not its diff ID ${layer.diffId}`,
    hint: "The image is inconsistent or its file was changed: pull it again, and report it to its publisher if it stays so.",
    details: { expected: layer.diffId satisfies Digest, actual },
  });
}
