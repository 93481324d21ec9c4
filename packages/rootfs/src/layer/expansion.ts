import { layerFault } from "../errors/layer-fault.ts";
import { RATIO_FREE_BYTES } from "./limits.ts";

/** How much larger a layer has become than its blob, against the limit. */
export class Expansion {
  readonly #maxRatio: number;
  #compressedBytes = 0;
  #bytes = 0;

  constructor(maxRatio: number) {
    this.#maxRatio = maxRatio;
  }

  /** As many bytes came out of as many of the blob so far. @throws RootfsError `LAYER_TOO_LARGE` */
  decompressed(bytes: number, compressedBytes: number): void {
    this.#compressedBytes = compressedBytes;
    this.#add(bytes);
  }

  /** As many zeros came out of nothing: whoever reads or copies the file pays for them. @throws RootfsError `LAYER_TOO_LARGE` */
  hole(bytes: number): void {
    this.#add(bytes);
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= RATIO_FREE_BYTES || this.#bytes <= this.#compressedBytes * this.#maxRatio) return;
    throw layerFault(
      "LAYER_TOO_LARGE",
      `${this.#compressedBytes} compressed bytes became more than ${this.#maxRatio} times as many`,
    );
  }
}
