import { createHash } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import type { ByteString } from "../bytes/byte-string.ts";
import { shareBlocks } from "../posix/at.ts";
import type { Pace } from "./pace.ts";

const PIECE_BYTES = 1024 * 1024;

/** Gives new files the content of others: sharing their blocks where the file system can (XFS, Btrfs), else by copying. */
export class ContentCloner {
  readonly #piece = Buffer.allocUnsafe(PIECE_BYTES);
  /** Until the file system says that it cannot. */
  #shares = true;

  /**
   * @param from open for reading, at its start.
   * @param to open for writing, empty.
   * @returns SHA-256 of the content, which is read in either case.
   */
  async clone(from: number, to: number, pace: Pace): Promise<ByteString> {
    this.#shares &&= shareBlocks(from, to);
    const hash = createHash("sha256");
    for (let bytes = readSync(from, this.#piece); bytes > 0; bytes = readSync(from, this.#piece)) {
      const piece = this.#piece.subarray(0, bytes);
      hash.update(piece);
      if (!this.#shares) writeAll(to, piece);
      await pace(bytes);
    }
    return hash.digest("binary");
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length; ) offset += writeSync(file, bytes, offset, bytes.length - offset);
}
