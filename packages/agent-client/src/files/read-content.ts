import type { Client } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import { OutputBuffer } from "../exec/output-buffer.ts";
import type { FileService } from "../gen/a3s/agent/v1/files_pb.ts";
import { streamFiles, type TransferOptions } from "./file-call.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";

/** Bytes that `readFile` reads at most unless told otherwise: 256 MiB. */
export const DEFAULT_MAX_READ_BYTES = 256 * 1024 * 1024;

/** Which part of a file is read. */
export interface ReadStreamOptions extends TransferOptions {
  /** First byte; 0 by default. */
  readonly start?: number | undefined;
  /** Last byte, which is read as well, as in `node:fs`; the end of the file by default. */
  readonly end?: number | undefined;
}

/** How a whole file is read. */
export interface ReadFileOptions extends TransferOptions {
  /** Bytes after which reading is given up, because the guest decides how much it sends; {@link DEFAULT_MAX_READ_BYTES} by default. */
  readonly maxBytes?: number | undefined;
}

/** The content of a file in pieces of at most 256 KiB; the guest reads on as they are taken. */
export async function* readContent(
  client: Client<typeof FileService>,
  path: GuestPath,
  options: ReadStreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start = 0, end, user = "" } = options;
  checkPosition(start, "start");
  if (end !== undefined) checkPosition(end, "end");
  let left = end === undefined ? Number.POSITIVE_INFINITY : Math.max(0, end + 1 - start);
  const request = {
    path: pathBytes(path),
    user,
    offset: BigInt(start),
    ...(end === undefined ? {} : { length: BigInt(left) }),
    takesDataConnection: true,
  };
  const what = `reading ${JSON.stringify(pathText(path))}`;
  for await (const { data } of streamFiles(what, options, (signal) => client.read(request, { signal }))) {
    // Whatever the guest sends: nobody gets more than was asked for.
    const piece = data.subarray(0, left);
    left -= piece.length;
    if (piece.length > 0) yield piece;
    if (left === 0) return;
  }
}

/** A whole file, up to its bound. @throws {@link AgentError} `FILE_TOO_LARGE` */
export async function readWhole(
  client: Client<typeof FileService>,
  path: GuestPath,
  options: ReadFileOptions,
): Promise<Uint8Array> {
  const { maxBytes = DEFAULT_MAX_READ_BYTES } = options;
  const content = new OutputBuffer(maxBytes);
  for await (const piece of readContent(client, path, options)) {
    content.push(piece);
    if (!content.truncated) continue;
    throw new AgentError({
      code: "FILE_TOO_LARGE",
      message: `${JSON.stringify(pathText(path))} holds more than ${maxBytes} bytes`,
      hint: "Raise `maxBytes`, or read it as a stream.",
      details: { maxBytes },
    });
  }
  return content.take();
}

function checkPosition(position: number, what: string): void {
  if (Number.isSafeInteger(position) && position >= 0) return;
  throw new AgentError({
    code: "FILE_INVALID",
    message: `\`${what}\` cannot be ${position}`,
    hint: "Give a whole number of bytes from 0 on.",
  });
}
