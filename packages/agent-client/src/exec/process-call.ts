import { BoxError, raceSignal, startDeadline } from "@a3s/core";
import { AgentError } from "../errors/agent-error.ts";
import { cancellation } from "../session/call.ts";
import type { ExecEvent, ExecExitEvent, ExecStartedEvent } from "./exec-event.ts";
import type { ExecSource } from "./exec-process.ts";
import { ExecReader, type ProcessResponse } from "./exec-reader.ts";
import { ExecRequests, type ProcessRequest } from "./exec-requests.ts";
import { StdinPipe } from "./stdin-pipe.ts";
import { type StdinSource, stdinPieces } from "./stdin-source.ts";
import type { TerminalSize } from "./terminal-size.ts";

/** Time that the agent has to end the stream after the exit, in milliseconds; nobody waits for it. */
const END_OF_STREAM_MS = 5_000;
/** Time that the agent has to end a process after it should have, in milliseconds. */
const LATE_MS = 5_000;
/** Signals that may be on their way; further ones are refused. */
const MAX_SIGNALS = 64;

/** A call that is about a process: Exec, which starts it, or AttachProcess. */
export interface ProcessCallPlan<Start> {
  /** The command, where the caller knows it. */
  readonly argv: readonly string[];
  /** What errors call the process. */
  readonly name: string;
  /** The first message. */
  readonly start: Start;
  readonly stdin: StdinSource | true | undefined;
  /** Ends the call. */
  readonly signal?: AbortSignal | undefined;
  /** When the agent itself should have ended the process, in milliseconds; none by default. */
  readonly endsWithinMs?: number | undefined;
  /** What a failure of the call means, where its code does not say it. */
  fault?(error: AgentError): AgentError;
  open(
    requests: AsyncIterable<ProcessRequest<Start>>,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<ProcessResponse>;
}

/** Reaches a process beside the stream of its call, so that stdin cannot hold that back. */
export interface ProcessControl {
  signal(id: number, signal: number): Promise<void>;
  resize(id: number, size: TerminalSize): Promise<boolean>;
}

/** One running call: events come out one at a time, as they are asked for, and it ends in exactly one way. */
export class ProcessCall<Start> implements ExecSource {
  /** Resolves with the exit, or rejects with why there is none. Rejecting disturbs nobody who does not look. */
  readonly exit: Promise<ExecExitEvent>;
  /** Resolves when the command runs, whether or not its events are taken. */
  readonly started: Promise<ExecStartedEvent>;
  readonly argv: readonly string[];
  /** The pipe to the command's stdin, where that was asked for. */
  readonly stdin: WritableStream<Uint8Array | string> | undefined;
  readonly #settle: PromiseWithResolvers<ExecExitEvent> = Promise.withResolvers();
  readonly #start: PromiseWithResolvers<ExecStartedEvent> = Promise.withResolvers();
  readonly #control: ProcessControl;
  readonly #startedAt = performance.now();
  readonly #reader: ExecReader;
  readonly #requests: ExecRequests<Start>;
  /** Undefined when the call was given up before it began. */
  readonly #responses: AsyncIterator<ProcessResponse> | undefined;
  readonly #cancellation = cancellation(undefined);
  readonly #fault: (error: AgentError) => AgentError;
  readonly #release: () => void;
  /** Asked for at once, so that the call's failure is never an unhandled rejection. */
  #first: Promise<ExecEvent | undefined> | undefined;
  #end: { readonly failure: unknown } | "exited" | undefined;
  #signals = 0;
  #lastSignal: Promise<unknown> = Promise.resolve();

  constructor(plan: ProcessCallPlan<Start>, control: ProcessControl) {
    const { stdin } = plan;
    const pipe = stdin === true ? new StdinPipe() : undefined;
    this.argv = plan.argv;
    this.stdin = pipe?.writable;
    this.exit = this.#settle.promise;
    this.exit.catch(() => {});
    this.started = this.#start.promise;
    this.started.catch(() => {});
    this.#control = control;
    this.#fault = (error) => plan.fault?.(error) ?? error;
    this.#release = this.#bound(plan);
    this.#reader = new ExecReader(plan.name);
    this.#requests = new ExecRequests(
      plan.start,
      pipe ?? (stdin === undefined || stdin === true ? undefined : stdinPieces(stdin)),
      (error) => this.fail(stdinError(error)),
    );
    if (this.#end === undefined) this.#responses = this.#open(plan);
    else this.#requests.end();
    this.#first = this.#read();
    this.#first.catch(() => {});
  }

  /** Sends a signal to the process group; false when the call has ended or too many are on their way. */
  signal(number: number): boolean {
    if (this.#end !== undefined || this.#signals >= MAX_SIGNALS) return false;
    this.#signals++;
    const send = async () => {
      try {
        const { id } = await this.started;
        await this.#control.signal(id, number);
      } catch {
        // It has ended in the meantime, or the call fails for everyone.
      } finally {
        this.#signals--;
      }
    };
    this.#lastSignal = this.#lastSignal.then(send);
    return true;
  }

  /** Changes the terminal's size; false when the command has ended. */
  async resize(size: TerminalSize): Promise<boolean> {
    const { id } = await this.started;
    return this.#end === undefined && (await this.#control.resize(id, size));
  }

  /** The next event; undefined after the exit. Only when it is called are further bytes asked from the guest. */
  next(): Promise<ExecEvent | undefined> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#read();
  }

  #open(plan: ProcessCallPlan<Start>): AsyncIterator<ProcessResponse> {
    return plan.open(this.#requests, { signal: this.#cancellation.signal })[Symbol.asyncIterator]();
  }

  async #read(): Promise<ExecEvent | undefined> {
    while (this.#end === undefined) {
      try {
        const response = await this.#responses?.next();
        // The call may have failed while it waited, for a better reason.
        if (this.#end !== undefined) break;
        if (response === undefined || response.done) throw endedEarly();
        const event = this.#reader.read(response.value);
        if (event?.type === "exit") return this.#exited({ ...event, durationMs: performance.now() - this.#startedAt });
        if (event?.type === "started") this.#start.resolve(event);
        if (event !== undefined) return event;
      } catch (error) {
        this.fail(error instanceof BoxError ? error : this.#fault(AgentError.from(error)));
      }
    }
    if (this.#end === "exited") return undefined;
    throw this.#end?.failure;
  }

  /** Ends the call: the agent ends a command that it started, everything that is pending rejects with `reason`. */
  fail(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { failure: reason };
    this.#release?.();
    this.#settle.reject(reason);
    this.#start.reject(reason);
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
    await raceSignal(Promise.resolve(this.#responses?.next()), deadline.signal).catch(() => {});
    this.#cancellation.cancel();
  }

  /** Ties the call to the caller's signal, and to the time by which the agent should have ended the command. */
  #bound({ signal, endsWithinMs, name }: ProcessCallPlan<Start>): () => void {
    const what = `The end of ${JSON.stringify(name)}`;
    const deadline =
      endsWithinMs === undefined ? undefined : startDeadline({ signal, timeoutMs: endsWithinMs + LATE_MS, what });
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
