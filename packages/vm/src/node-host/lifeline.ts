import { Socket } from "node:net";
import { fault } from "./failure.ts";
import { MAX_REQUEST_BYTES } from "./start-request.ts";

/** The starter's line, and its end: native/vm-host/PROTOCOL.md, "Start". */
export interface Lifeline {
  readonly line: string;
  /** The starter is gone. */
  readonly gone: Promise<void>;
}

/** Reads the first line from a descriptor, and leaves it open. @throws HostFailure of the stage `spec` */
export async function readLifeline(fd: number): Promise<Lifeline> {
  const socket = new Socket({ fd, readable: true, writable: false });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    socket.on("data", (chunk: Buffer) => {
      const end = chunk.indexOf("\n");
      const piece = end < 0 ? chunk : chunk.subarray(0, end);
      length += piece.length;
      // What comes behind the line has no meaning.
      if (length <= MAX_REQUEST_BYTES) chunks.push(piece);
      if (length > MAX_REQUEST_BYTES) reject(fault("spec", "spec", `longer than ${MAX_REQUEST_BYTES} bytes`));
      else if (end >= 0) resolve(Buffer.concat(chunks).toString("utf8"));
    });
    socket.once("error", (error) => reject(fault("spec", "descriptor 3", error.message)));
    socket.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
  });
  return { line, gone };
}
