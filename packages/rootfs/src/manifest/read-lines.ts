import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { Digest } from "@a3s/core";

const LINE_FEED = 10;

/** Whether a file is what its record says; one that is missing is not. */
export async function hasDigest(path: string, digest: Digest): Promise<boolean> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(path)) hash.update(piece);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A disk that cannot read it has damaged it.
    if (code === "ENOENT" || code === "EIO") return false;
    throw error;
  }
  return digest === `sha256:${hash.digest("hex")}`;
}

/** The values of a file of JSON lines whose digest was found right; `Line` is what was written to it. */
export async function* readLines<Line>(path: string): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0);
  for await (const piece of createReadStream(path)) {
    const bytes = Buffer.concat([rest, piece]);
    let start = 0;
    // By hand: node:readline ends lines at U+2028 as well, which names may hold.
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      yield JSON.parse(bytes.toString("utf8", start, end));
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}
