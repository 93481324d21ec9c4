import { once } from "node:events";
import type { Writable } from "node:stream";

/** Writes and waits until the stream takes more, so that a slow reader slows the source down. */
export async function writeFully(stream: Writable, data: Uint8Array): Promise<void> {
  if (!stream.write(data)) await once(stream, "drain");
}
