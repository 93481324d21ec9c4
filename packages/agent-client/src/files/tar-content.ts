import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import type { FileService, UploadRequestSchema } from "../gen/a3s/agent/v1/files_pb.ts";
import { type ContentSource, contentPieces } from "./content-source.ts";
import { streamFiles, type TransferOptions } from "./file-call.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";
import { sendContent } from "./send-content.ts";

/** How a tree is archived. */
export interface DownloadTarOptions extends TransferOptions {
  /** Name that the file gets in the archive, without slashes; by default the last one of its path, and "." for the root. */
  readonly name?: string | undefined;
  /** Archive what a symbolic link at the end of the path leads to, not the link. */
  readonly follow?: boolean | undefined;
}

/** How an archive is unpacked. */
export interface UploadTarOptions extends TransferOptions {
  /** Give files to the owners that the archive names; otherwise all belongs to `user`. */
  readonly keepOwners?: boolean | undefined;
}

/** A POSIX tar archive of a file or tree, in pieces of at most 256 KiB; the guest packs on as they are taken. */
export async function* tarOf(
  client: Client<typeof FileService>,
  path: GuestPath,
  { follow = false, name, ...options }: DownloadTarOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = pathBytes(path);
  const request = {
    path: bytes,
    user: options.user ?? "",
    follow,
    name: name === undefined ? lastName(bytes) : checkedName(name),
    takesDataConnection: true,
  };
  const what = `packing ${JSON.stringify(pathText(path))}`;
  for await (const { data } of streamFiles(what, options, (signal) => client.download(request, { signal }))) {
    if (data.length > 0) yield data;
  }
}

/** Unpacks an archive. @returns its entries. */
export async function unpackTar(
  client: Client<typeof FileService>,
  path: GuestPath,
  archive: ContentSource,
  { keepOwners = false, ...options }: UploadTarOptions,
): Promise<number> {
  const start = { path: pathBytes(path), user: options.user ?? "", keepOwners };
  const answer = await sendContent({
    what: `unpacking into ${JSON.stringify(pathText(path))}`,
    options,
    pieces: contentPieces(archive),
    async *messages(pieces): AsyncGenerator<MessageInitShape<typeof UploadRequestSchema>> {
      yield { message: { case: "start", value: start } };
      for await (const data of pieces) yield { message: { case: "data", value: data } };
      yield { message: { case: "finish", value: {} } };
    },
    call: (messages, signal) => client.upload(messages, { signal }),
  });
  return Number(answer.entries);
}

const SLASH = 0x2f;
const DOT = 0x2e;

function lastName(path: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let end = path.length;
  while (end > 0 && path[end - 1] === SLASH) end--;
  const name = path.subarray(path.lastIndexOf(SLASH, end - 1) + 1, end);
  const isDots = name.every((byte) => byte === DOT) && name.length < 3;
  return isDots ? Uint8Array.of(DOT) : name;
}

function checkedName(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(name);
  const isOne = !["", ".."].includes(name) && !bytes.includes(SLASH) && !bytes.includes(0) && bytes.length < 256;
  if (isOne) return bytes;
  throw new AgentError({
    code: "FILE_INVALID",
    message: `${JSON.stringify(name.slice(0, 200))} is not one name`,
    hint: "Give the file a name without slashes.",
  });
}
