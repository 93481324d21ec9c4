import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import {
  type FileService,
  WriteStart_Manner as Manner,
  type WriteRequestSchema,
} from "../gen/a3s/agent/v1/files_pb.ts";
import { type ContentSource, contentPieces } from "./content-source.ts";
import type { TransferOptions } from "./file-call.ts";
import { checkMode } from "./file-mode.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";
import { sendContent } from "./send-content.ts";

/** How a file is written. */
export interface WriteFileOptions extends TransferOptions {
  /**
   * As in `node:fs`: "w" makes the file or replaces its content, "a" appends, "wx" fails when the file is there. "w" by default.
   */
  readonly flag?: "w" | "a" | "wx" | undefined;
  /** Permission bits of a new file, 0o644 by default. A file that is there keeps its own unless they are given. */
  readonly mode?: number | undefined;
  /**
   * With "w", write into the file that is there. By default a new one is put in its place when all is written, so that
   * nobody ever reads a part; its other names keep the old content, and who has it open does as well.
   */
  readonly inPlace?: boolean | undefined;
  /** Wait until everything is on the guest's disk. */
  readonly flush?: boolean | undefined;
}

/** Writes a file. @returns how many bytes. */
export async function writeContent(
  client: Client<typeof FileService>,
  path: GuestPath,
  content: ContentSource,
  options: WriteFileOptions,
): Promise<number> {
  const { user = "", mode, flush = false } = options;
  const start = {
    path: pathBytes(path),
    user,
    manner: mannerOf(options),
    sync: flush,
    ...(mode === undefined ? {} : { mode: checkMode(mode) }),
  };
  const answer = await sendContent({
    what: `writing ${JSON.stringify(pathText(path))}`,
    options,
    pieces: contentPieces(content),
    async *messages(pieces): AsyncGenerator<MessageInitShape<typeof WriteRequestSchema>> {
      yield { message: { case: "start", value: start } };
      for await (const data of pieces) yield { message: { case: "data", value: data } };
      yield { message: { case: "finish", value: {} } };
    },
    call: (messages, signal) => client.write(messages, { signal }),
  });
  return Number(answer.bytes);
}

function mannerOf({ flag = "w", inPlace = false }: WriteFileOptions): Manner {
  if (flag === "a") return Manner.APPEND;
  if (flag === "wx") return Manner.EXCLUSIVE;
  return inPlace ? Manner.OVERWRITE : Manner.UNSPECIFIED;
}
