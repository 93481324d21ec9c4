import { layerFault } from "../errors/layer-fault.ts";
import type { LayerLimits } from "./limits.ts";

/** What the layers of one root, or an archive, have held so far, against the limits. */
export class Tally {
  readonly limits: LayerLimits;
  #entries = 0;
  #implied = 0;
  #metadataBytes = 0;
  #totalBytes = 0;

  constructor(limits: LayerLimits) {
    this.limits = limits;
  }

  /** Entries of all layers, whiteouts included. */
  get entries(): number {
    return this.#entries;
  }

  /** Uncompressed bytes of all layers, headers included. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  addEntry(fileBytes: number, metadataBytes: number): void {
    this.#entries++;
    this.#checkEntries();
    this.#metadataBytes += metadataBytes;
    const { maxFileBytes, maxMetadataBytes } = this.limits;
    if (this.#metadataBytes > maxMetadataBytes) {
      throw layerFault(
        "LAYER_TOO_LARGE",
        `There are more than ${maxMetadataBytes} bytes of names, link targets and extended attributes`,
      );
    }
    if (fileBytes > maxFileBytes) {
      throw layerFault("LAYER_TOO_LARGE", `A file has ${fileBytes} bytes, more than ${maxFileBytes}`);
    }
  }

  /** Directories that have no entry and only appear in names: one short name can ask for as many as it may be deep. */
  addImplied(directories: number): void {
    this.#implied += directories;
    this.#checkEntries();
  }

  addBytes(bytes: number): void {
    this.#totalBytes += bytes;
    const { maxTotalBytes } = this.limits;
    if (this.#totalBytes > maxTotalBytes) {
      throw layerFault("LAYER_TOO_LARGE", `There are more than ${maxTotalBytes} uncompressed bytes`);
    }
  }

  #checkEntries(): void {
    const { maxEntries } = this.limits;
    if (this.#entries + this.#implied <= maxEntries) return;
    throw layerFault("LAYER_TOO_LARGE", `There are more than ${maxEntries} entries and directories`);
  }
}
