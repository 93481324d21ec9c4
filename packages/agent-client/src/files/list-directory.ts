import { startDeadline } from "@a3s/core";
import type { Client } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import type { FileService } from "../gen/a3s/agent/v1/files_pb.ts";
import { streamFiles, type TransferOptions } from "./file-call.ts";
import { GuestDirent } from "./guest-dirent.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";

/** Entries that `readdir` collects at most unless told otherwise. */
export const DEFAULT_MAX_ENTRIES = 100_000;

/** How a directory is listed whole. */
export interface ReaddirOptions extends TransferOptions {
  /** List the directories that it holds as well, and what they hold; links are not followed. */
  readonly recursive?: boolean | undefined;
  /** Entries after which listing is given up, because the guest decides how many it sends; {@link DEFAULT_MAX_ENTRIES} by default. */
  readonly maxEntries?: number | undefined;
}

/** What a directory holds, in no order; the guest lists on as entries are taken. */
export async function* listDirectory(
  client: Client<typeof FileService>,
  path: GuestPath,
  options: TransferOptions,
): AsyncGenerator<GuestDirent, void, undefined> {
  const request = { path: pathBytes(path), user: options.user ?? "" };
  const what = `listing ${JSON.stringify(pathText(path))}`;
  for await (const page of streamFiles(what, options, (signal) => client.list(request, { signal }))) {
    for (const entry of page.entries) yield new GuestDirent(path, entry);
  }
}

/** All of it, up to its bound. @throws {@link AgentError} `FILE_TOO_LARGE` */
export async function listWhole(
  client: Client<typeof FileService>,
  path: GuestPath,
  options: ReaddirOptions,
): Promise<GuestDirent[]> {
  const { recursive = false, maxEntries = DEFAULT_MAX_ENTRIES, user, timeoutMs } = options;
  const what = `listing ${JSON.stringify(pathText(path))}`;
  using deadline =
    timeoutMs === undefined
      ? undefined
      : startDeadline({ signal: options.signal, timeoutMs, what: `The end of ${what}` });
  const bounds = { user, signal: deadline?.signal ?? options.signal };
  const entries: GuestDirent[] = [];
  const pending = [path];
  for (let directory = pending.pop(); directory !== undefined; directory = pending.pop()) {
    for await (const entry of listDirectory(client, directory, bounds)) {
      if (entries.length >= maxEntries) throw tooMany(path, maxEntries);
      entries.push(entry);
      if (recursive && entry.isDirectory()) pending.push(entry.path);
    }
  }
  return entries;
}

function tooMany(path: GuestPath, maxEntries: number): AgentError {
  return new AgentError({
    code: "FILE_TOO_LARGE",
    message: `${JSON.stringify(pathText(path))} holds more than ${maxEntries} entries`,
    hint: "Raise `maxEntries`, or iterate `opendir`.",
    details: { maxEntries },
  });
}
