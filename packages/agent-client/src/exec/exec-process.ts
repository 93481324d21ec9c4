import { AgentError } from "../errors/agent-error.ts";
import type { ExecEvent, ExecExitEvent } from "./exec-event.ts";
import { DEFAULT_MAX_BUFFER_BYTES } from "./exec-options.ts";
import { ExecResult } from "./exec-result.ts";
import { type LinuxSignal, signalNumber } from "./linux-signal.ts";
import { OutputBuffer } from "./output-buffer.ts";

/** The call behind an {@link ExecProcess}. */
export interface ExecSource {
  /** The exit, or why there is none. */
  readonly exit: Promise<ExecExitEvent>;
  /** The next event; undefined after the exit. */
  next(): Promise<ExecEvent | undefined>;
  /** Sends a signal; false when the command has ended. */
  signal(number: number): boolean;
  /** Ends the command and rejects what is pending; without effect when it has ended. */
  fail(reason: unknown): void;
}

/**
 * A command that runs in a guest. Await it for its result, or iterate it for its events; not both at first hand:
 * output that an iterator took is not in the result.
 *
 * While nobody reads, at most about 1 MiB of output waits on this side; then the guest's process blocks in write(2).
 *
 * ```ts
 * const { exitCode, stdout } = await agent.exec(["uname", "-a"]);
 * for await (const event of agent.exec(["make"])) if (event.type === "stdout") process.stdout.write(event.data);
 * ```
 */
export class ExecProcess implements PromiseLike<ExecResult>, AsyncIterable<ExecEvent>, AsyncDisposable {
  readonly argv: readonly string[];
  readonly #call: ExecSource;
  readonly #maxBufferBytes: number;
  #result: Promise<ExecResult> | undefined;
  #iterated = false;

  /** Made by `AgentClient.exec`. */
  constructor(call: ExecSource, argv: readonly string[], maxBufferBytes: number = DEFAULT_MAX_BUFFER_BYTES) {
    this.#call = call;
    this.argv = argv;
    this.#maxBufferBytes = maxBufferBytes;
  }

  /**
   * Sends a signal to the command's process group, SIGTERM by default. Like the `kill` of Node's child process: it returns
   * false when the command is known to have ended, and does not wait. It travels behind stdin that was sent: where the
   * command reads none of a large one, end it by its `signal` or by disposing the process.
   *
   * @throws {@link AgentError} `EXEC_INVALID` when there is no such signal.
   */
  kill(signal: LinuxSignal | number = "SIGTERM"): boolean {
    return this.#call.signal(signalNumber(signal));
  }

  /**
   * The result of a command that must succeed.
   *
   * @throws {@link AgentError} `EXEC_FAILED` when it ended with another exit code than 0.
   */
  async orThrow(): Promise<ExecResult> {
    return (await this).orThrow();
  }

  /** Rejects with {@link AgentError}, with the reason of `signal`, or with CoreError `DEADLINE_EXCEEDED` after `timeoutMs`. */
  // biome-ignore lint/suspicious/noThenProperty: a process is a PromiseLike of its result by design
  then<Fulfilled = ExecResult, Rejected = never>(
    onFulfilled?: ((result: ExecResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: PromiseLike says any, and callers annotate what they expect
    onRejected?: ((reason: any) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#result ??= this.#iterated ? this.#call.exit.then((exit) => this.#resultOf(exit)) : this.#collect();
    return this.#result.then(onFulfilled, onRejected);
  }

  /**
   * The events as they happen; the guest's process is held back when they are not taken. Leaving the loop ends the command.
   *
   * @throws {@link AgentError} `EXEC_OUTPUT_TAKEN` when the process was awaited or iterated before.
   */
  [Symbol.asyncIterator](): AsyncGenerator<ExecEvent, void, undefined> {
    if (this.#iterated || this.#result !== undefined) {
      throw new AgentError({
        code: "EXEC_OUTPUT_TAKEN",
        message: "The output of this process is already being read",
        hint: "Await the process or iterate it, once.",
      });
    }
    this.#iterated = true;
    return this.#events();
  }

  /** Ends the command if it still runs: the guest kills its process group. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#call.fail(disposed());
  }

  async *#events(): AsyncGenerator<ExecEvent, void, undefined> {
    try {
      for (let event = await this.#call.next(); event !== undefined; event = await this.#call.next()) yield event;
    } finally {
      this.#call.fail(disposed());
    }
  }

  async #collect(): Promise<ExecResult> {
    const output = { stdout: new OutputBuffer(this.#maxBufferBytes), stderr: new OutputBuffer(this.#maxBufferBytes) };
    for (;;) {
      const event = await this.#call.next();
      if (event?.type === "stdout" || event?.type === "stderr") output[event.type].push(event.data);
      else if (event?.type !== "started") break;
    }
    return this.#resultOf(await this.#call.exit, output);
  }

  #resultOf(exit: ExecExitEvent, output?: Readonly<Record<"stdout" | "stderr", OutputBuffer>>): ExecResult {
    return new ExecResult({
      argv: this.argv,
      exitCode: exit.exitCode,
      signal: exit.signal,
      durationMs: exit.durationMs,
      stdout: output?.stdout.take() ?? new Uint8Array(0),
      stderr: output?.stderr.take() ?? new Uint8Array(0),
      truncated: output !== undefined && (output.stdout.truncated || output.stderr.truncated),
    });
  }
}

function disposed(): AgentError {
  return new AgentError({
    code: "EXEC_DISPOSED",
    message: "The process was disposed before its command ended",
    hint: "Await the process before it goes out of scope, or iterate it to its end.",
  });
}
