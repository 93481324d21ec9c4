import { BoxError, raceSignal, startDeadline } from "@a3s/core";
import type { Client } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import type { AgentService, ExecResponse } from "../gen/a3s/agent/v1/agent_pb.ts";
import { cancellation } from "../session/call.ts";
import type { ExecEvent, ExecExitEvent } from "./exec-event.ts";
import { type ExecOptions, planExecStart } from "./exec-options.ts";
import type { ExecSource } from "./exec-process.ts";
import { ExecReader } from "./exec-reader.ts";
import { ExecRequests } from "./exec-requests.ts";
import { stdinPieces } from "./stdin-source.ts";

/** Time that the agent has to end the stream after the exit, in milliseconds; nobody waits for it. */
const END_OF_STREAM_MS = 5_000;

/** One running Exec call: events come out one at a time, as they are asked for, and it ends in exactly one way. */
export class ExecCall implements ExecSource {
  /** Resolves with the exit, or rejects with why there is none. Rejecting disturbs nobody who does not look. */
  readonly exit: Promise<ExecExitEvent>;
  readonly #settle: { resolve(exit: ExecExitEvent): void; reject(reason: unknown): void };
  readonly #startedAt = performance.now();
  readonly #reader: ExecReader;
  readonly #requests: ExecRequests;
  readonly #responses: AsyncIterator<ExecResponse>;
  readonly #cancellation = cancellation(undefined);
  readonly #release: () => void;
  /** Asked for at once, so that the call's failure is never an unhandled rejection. */
  #first: Promise<IteratorResult<ExecResponse>> | undefined;
  #end: { readonly failure: unknown } | "exited" | undefined;

  constructor(client: Client<typeof AgentService>, argv: readonly string[], options: ExecOptions) {
    const start = planExecStart(argv, options);
    const { promise, resolve, reject } = Promise.withResolvers<ExecExitEvent>();
    this.exit = promise;
    this.exit.catch(() => {});
    this.#settle = { resolve, reject };
    this.#release = this.#bound(options, start.argv[0] ?? "");
    this.#reader = new ExecReader(start.argv[0] ?? "");
    this.#requests = new ExecRequests(
      { message: { case: "start", value: start } },
      options.stdin === undefined ? undefined : stdinPieces(options.stdin),
      (error) => this.fail(stdinError(error)),
    );
    const responses = client.exec(this.#requests, { signal: this.#cancellation.signal });
    this.#responses = responses[Symbol.asyncIterator]();
    this.#first = this.#responses.next();
    this.#first.catch(() => {});
    if (this.#end !== undefined) this.#requests.end();
  }

  /** Sends a signal to the process group; false when the call has ended. */
  signal(number: number): boolean {
    return this.#requests.signal(number);
  }

  /** The next event; undefined after the exit. Only when it is called are further bytes asked from the guest. */
  async next(): Promise<ExecEvent | undefined> {
    while (this.#end === undefined) {
      try {
        const response = await (this.#first ?? this.#responses.next());
        this.#first = undefined;
        if (response.done) throw endedEarly();
        const event = this.#reader.read(response.value);
        if (event?.type === "exit") return this.#exited({ ...event, durationMs: performance.now() - this.#startedAt });
        if (event !== undefined) return event;
      } catch (error) {
        this.fail(error instanceof BoxError ? error : AgentError.from(error));
      }
    }
    if (this.#end === "exited") return undefined;
    throw this.#end.failure;
  }

  /** Ends the call: the agent kills the process group, everything that is pending rejects with `reason`. */
  fail(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { failure: reason };
    this.#release?.();
    this.#settle.reject(reason);
    this.#requests?.end();
    this.#cancellation.cancel();
  }

  #exited(exit: ExecExitEvent): ExecExitEvent {
    this.#end = "exited";
    this.#release();
    this.#settle.resolve(exit);
    this.#requests.end();
    void this.#finish();
    return exit;
  }

  /** Reads the trailers, so that the stream ends in order; an agent that sends none, or more, is cut off. */
  async #finish(): Promise<void> {
    using deadline = startDeadline({ timeoutMs: END_OF_STREAM_MS, what: "The end of an exec's stream" });
    await raceSignal(this.#responses.next(), deadline.signal).catch(() => {});
    this.#cancellation.cancel();
  }

  /** Ties the call to the caller's signal and time limit. */
  #bound({ signal, timeoutMs }: ExecOptions, command: string): () => void {
    const deadline =
      timeoutMs === undefined
        ? undefined
        : startDeadline({ signal, timeoutMs, what: `The end of ${JSON.stringify(command)}` });
    const bound = deadline?.signal ?? signal;
    const abort = () => this.fail(bound?.reason);
    if (bound?.aborted) abort();
    else bound?.addEventListener("abort", abort, { once: true });
    return () => {
      bound?.removeEventListener("abort", abort);
      deadline?.[Symbol.dispose]();
    };
  }
}

function stdinError(cause: unknown): AgentError {
  return new AgentError({
    code: "EXEC_STDIN_FAILED",
    message: `The source of stdin failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "The command was ended; see `cause`.",
    cause,
  });
}

function endedEarly(): AgentError {
  return new AgentError({
    code: "AGENT_PROTOCOL_VIOLATION",
    message: "The guest agent ended an exec without saying how the command ended",
    hint: "The agent is defective or compromised; destroy the VM.",
  });
}
