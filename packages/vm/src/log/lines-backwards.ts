import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { unlessMissing } from "@a3s/core";
import { logFile, logNumbers, MAX_RECORD_BYTES } from "./log-files.ts";

const BLOCK_BYTES = 64 * 1024;

/** A line and where it begins. */
export interface LogLine {
  readonly number: number;
  /** In bytes from the beginning of the file. */
  readonly offset: number;
  readonly line: Uint8Array;
}

/** The lines of a log from the last one to the first. Holds no more than a block and a line. */
export async function* linesBackwards(path: string): AsyncGenerator<LogLine> {
  for (const number of (await logNumbers(path)).toReversed()) {
    await using file = await unlessMissing(open(logFile(path, number), constants.O_RDONLY | constants.O_NOFOLLOW));
    if (file === undefined) continue;
    let rest: Buffer = Buffer.alloc(0);
    for (let end = (await file.stat()).size; end > 0; ) {
      const start = Math.max(0, end - BLOCK_BYTES);
      const block = Buffer.alloc(end - start);
      const { bytesRead } = await file.read(block, 0, block.length, start);
      const data = Buffer.concat([block.subarray(0, bytesRead), rest]);
      let stop = data.length;
      // The last byte of a line is its own newline, the one before the line is another's.
      for (let at = newlineBefore(data, stop - 1); at >= 0; at = newlineBefore(data, stop - 1)) {
        yield { number, offset: start + at + 1, line: data.subarray(at + 1, stop) };
        stop = at + 1;
      }
      // What is longer is no record: one byte stands for it.
      rest = data.subarray(0, stop > MAX_RECORD_BYTES ? 1 : stop);
      end = start;
    }
    if (rest.length > 0) yield { number, offset: 0, line: rest };
  }
}

function newlineBefore(data: Buffer, index: number): number {
  return index <= 0 ? -1 : data.lastIndexOf(0x0a, index - 1);
}
