import type { Writable } from "node:stream";

/** Writes and waits until it is written, so that a slow reader slows the source down. Rejects when the reader is gone. */
export function writeFully(stream: Writable, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => (error ? reject(error) : resolve()));
  });
}
