import type { Client } from "@connectrpc/connect";
import type { FileService } from "../gen/a3s/agent/v1/files_pb.ts";
import { type TransferOptions, transferBounds } from "./file-call.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";

/** How a file or tree is copied within the guest. */
export interface CpOptions extends TransferOptions {
  /** A directory with all that it holds; without it, a directory is refused. */
  readonly recursive?: boolean | undefined;
  /** Copy what a symbolic link at the end of the source leads to, not the link. */
  readonly dereference?: boolean | undefined;
}

/** Copies within the guest; see `AgentFiles.cp`. */
export async function copyWithin(
  client: Client<typeof FileService>,
  from: GuestPath,
  to: GuestPath,
  { recursive = false, dereference = false, user = "", ...options }: CpOptions,
): Promise<void> {
  const request = { from: pathBytes(from), to: pathBytes(to), user, recursive, follow: dereference };
  using bounds = transferBounds(`cp ${JSON.stringify(pathText(from))}`, options);
  try {
    await client.copy(request, { signal: bounds.signal });
  } catch (error) {
    throw bounds.failure(error);
  }
}
