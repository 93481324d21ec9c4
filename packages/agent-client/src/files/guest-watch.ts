import { raceSignal, startDeadline } from "@a3s/core";
import type { Client } from "@connectrpc/connect";
import { type FileService, Change_Kind as Kind, type WatchResponse } from "../gen/a3s/agent/v1/files_pb.ts";
import { DEFAULT_CALL_TIMEOUT_MS } from "../session/call.ts";
import { type FileOptions, streamFiles } from "./file-call.ts";
import { checkName } from "./guest-dirent.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";
import { violation } from "./guest-stats.ts";

/** What happened to a file. "overflow": changes came faster than they were taken, and some are lost. */
export type GuestChangeType =
  | "created"
  | "modified"
  | "attributes"
  | "removed"
  | "moved-from"
  | "moved-to"
  | "overflow"
  | "unknown";

/** One change of what is watched. */
export interface GuestChange {
  readonly type: GuestChangeType;
  /** Name in the directory that is watched; empty for what is watched itself. Bytes that are no UTF-8 are replaced. */
  readonly name: string;
  readonly nameBytes: Uint8Array;
  /** The same number in a "moved-from" and the "moved-to" that belongs to it; 0 for all others. */
  readonly cookie: number;
}

const TYPES: ReadonlyMap<Kind, GuestChangeType> = new Map([
  [Kind.CREATED, "created"],
  [Kind.MODIFIED, "modified"],
  [Kind.ATTRIBUTES, "attributes"],
  [Kind.REMOVED, "removed"],
  [Kind.MOVED_FROM, "moved-from"],
  [Kind.MOVED_TO, "moved-to"],
  [Kind.OVERFLOW, "overflow"],
]);

/**
 * Changes of a file or directory of the guest, from the moment that it was made on. Iterate it once; the iteration ends when what is
 * watched is gone. Leaving it, or disposing the watch, ends the watching.
 */
export class GuestWatch implements AsyncIterable<GuestChange>, AsyncDisposable {
  readonly #responses: AsyncGenerator<WatchResponse, void, undefined>;
  readonly #disposed: AbortController;

  private constructor(responses: AsyncGenerator<WatchResponse, void, undefined>, disposed: AbortController) {
    this.#responses = responses;
    this.#disposed = disposed;
  }

  /** @internal Resolves when the guest watches. `timeoutMs` counts until then, `signal` ends the watching at any time. */
  static async begin(client: Client<typeof FileService>, path: GuestPath, options: FileOptions): Promise<GuestWatch> {
    const request = { path: pathBytes(path), user: options.user ?? "" };
    const what = `watching ${JSON.stringify(pathText(path))}`;
    const disposed = new AbortController();
    const signals = [disposed.signal, options.signal].filter((each) => each !== undefined);
    const bounds = { signal: AbortSignal.any(signals) };
    const responses = streamFiles(what, bounds, (signal) => client.watch(request, { signal }));
    using deadline = startDeadline({
      signal: options.signal,
      timeoutMs: options.timeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
      what: `The guest agent's answer to ${what}`,
    });
    try {
      const first = await raceSignal(responses.next(), deadline.signal);
      if (first.value?.message.case !== "watching") throw violation("it did not say that it watches");
      return new GuestWatch(responses, disposed);
    } catch (error) {
      disposed.abort(error);
      throw error;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<GuestChange, void, undefined> {
    try {
      for await (const { message } of this.#responses) {
        if (message.case !== "change") continue;
        const { kind, name, cookie } = message.value;
        if (kind === Kind.GONE) return;
        const nameBytes = Uint8Array.from(name.length === 0 ? name : checkName(name));
        const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(nameBytes);
        yield { type: TYPES.get(kind) ?? "unknown", name: text, nameBytes, cookie };
      }
    } catch (error) {
      // Whoever disposes a watch that is being iterated ends the iteration, as leaving it does.
      if (error !== this.#disposed.signal.reason) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
  }
}
