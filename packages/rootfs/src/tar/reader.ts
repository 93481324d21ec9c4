import { type ByteString, byteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import { checkGlobalHeader, combineHeaders } from "./combine.ts";
import type { TarEntry } from "./entry.ts";
import { readTarHeader, TAR_BLOCK_BYTES, type TarHeader } from "./header.ts";
import { type PaxRecords, readPaxRecords } from "./pax.ts";
import { type ContentSink, SparseContent } from "./sparse-content.ts";

/** Receives what a {@link TarReader} finds: for each entry one `entry`, for files any number of `data` and `hole`, and one `end`. */
export interface TarSink extends ContentSink {
  entry(entry: TarEntry): void;
  end(): void;
}

/** Body of an extension header: `x` and `g` are PAX, `L` and `K` GNU's long name and long link target. */
const EXTENSIONS = new Set(["x", "g", "L", "K"]);

/**
 * Reads a tar stream in pieces of any size, without waiting: everything found in a piece has reached the sink when `push` returns.
 *
 * Takes what Go's archive/tar takes, because container runtimes read layers with it, and refuses what readers disagree about.
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #maxExtensionBytes: number;
  #state: "header" | "body" | "padding" | "end" = "header";
  /** A block that began in an earlier piece. */
  readonly #block = Buffer.alloc(TAR_BLOCK_BYTES);
  #blockFilled = 0;
  #bodyLeft = 0;
  #paddingLeft = 0;
  #zeroBlocks = 0;
  /** The extension header whose body is being read, and the pieces of it. */
  #extension: TarHeader | undefined;
  #extensionBody: Buffer[] = [];
  /** The content of the sparse entry that is being read. */
  #sparse: SparseContent | undefined;
  #pax: PaxRecords | undefined;
  #longPath: ByteString | undefined;
  #longLinkTarget: ByteString | undefined;

  constructor(sink: TarSink, maxExtensionBytes: number) {
    this.#sink = sink;
    this.#maxExtensionBytes = maxExtensionBytes;
  }

  /** @throws RootfsError `LAYER_INVALID`, `LAYER_UNSUPPORTED`, `LAYER_TOO_LARGE`, and whatever the sink throws. */
  push(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      // What follows the end of the archive is padding; it counts for the digest only.
      if (this.#state === "end") return;
      if (this.#state === "header") offset = this.#takeHeader(chunk, offset);
      else if (this.#state === "body") offset = this.#takeBody(chunk, offset);
      else offset = this.#takePadding(chunk, offset);
    }
  }

  /** The stream is over. An archive may end without its two zero blocks, but not within an entry. */
  finish(): void {
    const isBetween = this.#state === "header" && this.#blockFilled === 0 && this.#sparse === undefined;
    const whole = this.#state === "end" || isBetween;
    if (!whole) throw layerFault("LAYER_INVALID", "The tar stream ends within an entry");
    this.#requireNoPendingExtension("the end of the archive");
  }

  #takeHeader(chunk: Buffer, offset: number): number {
    if (this.#blockFilled === 0 && chunk.length - offset >= TAR_BLOCK_BYTES) {
      this.#header(chunk.subarray(offset, offset + TAR_BLOCK_BYTES));
      return offset + TAR_BLOCK_BYTES;
    }
    const taken = chunk.copy(this.#block, this.#blockFilled, offset);
    this.#blockFilled += taken;
    if (this.#blockFilled === TAR_BLOCK_BYTES) {
      this.#blockFilled = 0;
      this.#header(this.#block);
    }
    return offset + taken;
  }

  #header(block: Buffer): void {
    if (this.#sparse !== undefined) {
      this.#sparseBlock(this.#sparse, block);
      return;
    }
    const header = readTarHeader(block);
    if (header === undefined) {
      this.#zeroBlocks++;
      if (this.#zeroBlocks === 2) this.#state = "end";
      return;
    }
    if (this.#zeroBlocks > 0) throw layerFault("LAYER_INVALID", "An entry follows a zero block of the tar stream");
    if (EXTENSIONS.has(header.typeflag)) this.#beginExtension(header);
    else this.#beginEntry(header);
  }

  #beginExtension(header: TarHeader): void {
    if (header.size > this.#maxExtensionBytes) {
      throw layerFault(
        "LAYER_TOO_LARGE",
        `An extension header of ${header.size} bytes exceeds ${this.#maxExtensionBytes}`,
      );
    }
    this.#extension = header;
    this.#extensionBody = [];
    this.#beginBody(header.size);
    if (header.size === 0) this.#endBody();
  }

  #beginEntry(header: TarHeader): void {
    const { entry, storedBytes, sparse } = combineHeaders(header, {
      pax: this.#pax,
      longPath: this.#longPath,
      longLinkTarget: this.#longLinkTarget,
    });
    this.#pax = undefined;
    this.#longPath = undefined;
    this.#longLinkTarget = undefined;
    this.#sink.entry(entry);
    this.#beginBody(storedBytes);
    if (sparse !== undefined)
      this.#sparse = new SparseContent(sparse, entry.size, storedBytes, this.#maxExtensionBytes);
    if (this.#sparse?.awaitsBlock) this.#state = "header";
    else if (storedBytes === 0) this.#endBody();
  }

  /** Between the header of a sparse file and its body. */
  #sparseBlock(sparse: SparseContent, block: Buffer): void {
    sparse.block(block);
    if (sparse.awaitsBlock) return;
    this.#state = "body";
    if (this.#bodyLeft === 0) this.#endBody();
  }

  #beginBody(size: number): void {
    this.#state = "body";
    this.#bodyLeft = size;
    this.#paddingLeft = (TAR_BLOCK_BYTES - (size % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
  }

  #takeBody(chunk: Buffer, offset: number): number {
    const end = Math.min(chunk.length, offset + this.#bodyLeft);
    const piece = chunk.subarray(offset, end);
    this.#bodyLeft -= piece.length;
    if (this.#extension !== undefined) this.#extensionBody.push(Buffer.from(piece));
    else if (this.#sparse !== undefined) this.#sparse.data(piece, this.#sink);
    else this.#sink.data(piece);
    if (this.#bodyLeft === 0) this.#endBody();
    return end;
  }

  #endBody(): void {
    this.#state = this.#paddingLeft > 0 ? "padding" : "header";
    const extension = this.#extension;
    this.#extension = undefined;
    if (extension === undefined) this.#endEntry();
    else this.#endExtension(extension.typeflag, Buffer.concat(this.#extensionBody));
  }

  #endEntry(): void {
    this.#sparse?.end(this.#sink);
    this.#sparse = undefined;
    this.#sink.end();
  }

  #endExtension(typeflag: string, body: Buffer): void {
    this.#extensionBody = [];
    if (typeflag === "g") {
      // Between an entry and its own extension headers, readers disagree on what a global one resets.
      this.#requireNoPendingExtension("a global header");
      checkGlobalHeader(readPaxRecords(body));
    } else if (typeflag === "x") {
      if (this.#pax !== undefined) throw layerFault("LAYER_INVALID", "Two PAX headers precede one entry");
      this.#pax = readPaxRecords(body);
    } else {
      const nul = body.indexOf(0);
      const value = byteString(nul < 0 ? body : body.subarray(0, nul));
      if (typeflag === "L") this.#longPath = value;
      else this.#longLinkTarget = value;
    }
  }

  #takePadding(chunk: Buffer, offset: number): number {
    const taken = Math.min(chunk.length - offset, this.#paddingLeft);
    this.#paddingLeft -= taken;
    if (this.#paddingLeft === 0) this.#state = "header";
    return offset + taken;
  }

  #requireNoPendingExtension(what: string): void {
    if (this.#pax !== undefined || this.#longPath !== undefined || this.#longLinkTarget !== undefined) {
      throw layerFault("LAYER_INVALID", `An extension header is followed by ${what} instead of its entry`);
    }
  }
}
