import { layerFault } from "../errors/layer-fault.ts";
import { TAR_BLOCK_BYTES } from "./header.ts";
import {
  broken,
  checkSparseRanges,
  rangesOf,
  readSparseBlock,
  readSparseNumber,
  type SparseMap,
  type SparseRange,
} from "./sparse-map.ts";

/** Receives a file's content from its start to its end. */
export interface ContentSink {
  /** Valid only during the call. */
  data(chunk: Buffer): void;
  /** As many zeros. */
  hole(bytes: number): void;
}

/** Numbers of an extension block of the old GNU format: 21 ranges, and a flag that says whether another block follows. */
const RANGES_PER_BLOCK = 21;
const EXTENDED_FLAG = 504;
const LINE_FEED = 0x0a;

/** Takes the body of a sparse entry, and gives the file's content: data where the map has ranges, and holes between them. */
export class SparseContent {
  readonly #size: number;
  readonly #maxMapBytes: number;
  /** Bytes of the body that are data. */
  #storedBytes: number;
  #ranges: SparseRange[] = [];
  /** `blocks` and `body` until the map is complete. */
  #awaits: "blocks" | "body" | undefined;
  #mapBytes = 0;
  /** Numbers of a map in the body that have been read, and the digits of the next one. */
  #numbers: number[] = [];
  #digits = "";
  /** The range that the next byte belongs to, and how much of it there was. */
  #range = 0;
  #inRange = 0;
  /** Where in the file the next byte goes. */
  #position = 0;

  /** `maxMapBytes` bounds what the map takes in the archive. */
  constructor(map: SparseMap, size: number, storedBytes: number, maxMapBytes: number) {
    this.#size = size;
    this.#storedBytes = storedBytes;
    this.#maxMapBytes = maxMapBytes;
    if (map.kind !== "body") this.#ranges = [...map.ranges];
    this.#awaits = map.kind === "body" ? "body" : map.kind === "blocks" && map.extended ? "blocks" : undefined;
    if (this.#awaits === undefined) this.#begin();
  }

  /** Whether the next block is one of the map's, and not of the body. */
  get awaitsBlock(): boolean {
    return this.#awaits === "blocks";
  }

  /** An extension block of the map. @throws RootfsError `LAYER_INVALID`, `LAYER_TOO_LARGE` */
  block(block: Buffer): void {
    this.#countMap(TAR_BLOCK_BYTES);
    for (const range of readSparseBlock(block, 0, RANGES_PER_BLOCK)) this.#ranges.push(range);
    if (block[EXTENDED_FLAG] !== 0) return;
    this.#awaits = undefined;
    this.#begin();
  }

  /** A piece of the body. @throws RootfsError `LAYER_INVALID`, `LAYER_TOO_LARGE`; what the sink throws. */
  data(chunk: Buffer, sink: ContentSink): void {
    let offset = this.#awaits === "body" ? this.#takeMap(chunk) : 0;
    while (offset < chunk.length) {
      const range = this.#ranges[this.#range];
      // The ranges cover the body exactly, so there is one for each byte.
      if (range === undefined) throw broken("is shorter than the data");
      this.#holeUntil(range.offset, sink);
      const piece = chunk.subarray(offset, offset + range.length - this.#inRange);
      if (piece.length > 0) sink.data(piece);
      this.#position += piece.length;
      this.#inRange += piece.length;
      offset += piece.length;
      if (this.#inRange === range.length) this.#nextRange();
    }
  }

  /** The body is over. @throws RootfsError `LAYER_INVALID`; what the sink throws. */
  end(sink: ContentSink): void {
    if (this.#awaits !== undefined) throw broken("is not complete");
    this.#holeUntil(this.#size, sink);
  }

  #begin(): void {
    checkSparseRanges(this.#ranges, this.#size, this.#storedBytes);
  }

  #nextRange(): void {
    this.#range++;
    this.#inRange = 0;
  }

  #holeUntil(position: number, sink: ContentSink): void {
    // Within a range the position is past its start.
    if (position <= this.#position) return;
    sink.hole(position - this.#position);
    this.#position = position;
  }

  /** Reads numbers until the map is complete, then leaves the rest of the block out. Answers how much of the piece that was. */
  #takeMap(chunk: Buffer): number {
    let offset = 0;
    while (offset < chunk.length && !this.#isMapRead()) {
      const lineFeed = chunk.indexOf(LINE_FEED, offset);
      const end = lineFeed < 0 ? chunk.length : lineFeed;
      this.#digits += chunk.toString("latin1", offset, Math.min(end, offset + 20));
      if (lineFeed >= 0) {
        this.#numbers.push(readSparseNumber(this.#digits));
        this.#digits = "";
      } else if (this.#digits.length > 16) throw broken("holds something that is no number");
      const taken = (lineFeed < 0 ? end : end + 1) - offset;
      this.#countMap(taken);
      offset += taken;
    }
    if (!this.#isMapRead()) return offset;
    const padding = (TAR_BLOCK_BYTES - (this.#mapBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    const skipped = Math.min(padding, chunk.length - offset);
    this.#mapBytes += skipped;
    if (skipped === padding) {
      this.#awaits = undefined;
      this.#ranges = [...rangesOf(this.#numbers.slice(1))];
      this.#storedBytes -= this.#mapBytes;
      this.#begin();
    }
    return offset + skipped;
  }

  #isMapRead(): boolean {
    const [count] = this.#numbers;
    return count !== undefined && this.#numbers.length >= 1 + 2 * count;
  }

  #countMap(bytes: number): void {
    this.#mapBytes += bytes;
    if (this.#mapBytes <= this.#maxMapBytes) return;
    throw layerFault("LAYER_TOO_LARGE", `The map of a sparse file has more than ${this.#maxMapBytes} bytes`);
  }
}
