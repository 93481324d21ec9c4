/** A message of a call that sends stdin after its `start`: of Exec, and of AttachProcess. */
export interface ProcessRequest<Start> {
  readonly message:
    | { readonly case: "start"; readonly value: Start }
    | { readonly case: "stdin"; readonly value: Uint8Array }
    | { readonly case: "stdinClose"; readonly value: Record<string, never> };
}

/**
 * The messages to the agent, in order: start, then stdin as fast as the guest takes it. Signals travel in calls of their
 * own, so that stdin cannot hold them back.
 * The transport asks for the next message when the last one is written, so at most one piece of stdin waits here.
 * It stays open after stdin has ended, because ending it would end the process.
 */
export class ExecRequests<Start> implements AsyncIterableIterator<ProcessRequest<Start>> {
  readonly #queue: ProcessRequest<Start>[];
  readonly #stdin: AsyncIterator<Uint8Array> | undefined;
  readonly #onStdinError: (error: unknown) => void;
  #waiting: ((result: IteratorResult<ProcessRequest<Start>>) => void) | undefined;
  #pull: "idle" | "pending" | "ended";
  #ended = false;

  constructor(start: Start, stdin: AsyncIterator<Uint8Array> | undefined, onStdinError: (error: unknown) => void) {
    this.#queue = [{ message: { case: "start", value: start } }];
    this.#stdin = stdin;
    this.#pull = stdin === undefined ? "ended" : "idle";
    this.#onStdinError = onStdinError;
  }

  /** Ends the messages and releases the source of stdin. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.length = 0;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
    // A source in the middle of a read is released when that read ends: nobody waits for it.
    if (this.#pull !== "ended") void this.#stdin?.return?.()?.catch(() => {});
  }

  next(): Promise<IteratorResult<ProcessRequest<Start>>> {
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    const message = this.#queue.shift();
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (this.#pull === "idle") this.#pullStdin();
    });
  }

  return(): Promise<IteratorResult<ProcessRequest<Start>>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** The transport gives up: the same to us as an end. */
  throw(): Promise<IteratorResult<ProcessRequest<Start>>> {
    return this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #pullStdin(): void {
    this.#pull = "pending";
    this.#stdin?.next().then(
      ({ done, value }) => {
        this.#pull = done ? "ended" : "idle";
        if (this.#ended) return;
        this.#offer({ message: done ? { case: "stdinClose", value: {} } : { case: "stdin", value } });
      },
      (error: unknown) => {
        this.#pull = "ended";
        if (!this.#ended) this.#onStdinError(error);
      },
    );
  }

  #offer(message: ProcessRequest<Start>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#queue.push(message);
    else waiting({ done: false, value: message });
  }
}
