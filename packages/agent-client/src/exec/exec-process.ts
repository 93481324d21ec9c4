import { AgentError } from "../errors/agent-error.ts";
import type { ExecEvent, ExecExitEvent, ExecStartedEvent } from "./exec-event.ts";
import { DEFAULT_MAX_BUFFER_BYTES } from "./exec-options.ts";
import { type EventSource, ExecOutput } from "./exec-output.ts";
import { ExecResult } from "./exec-result.ts";
import { type LinuxSignal, signalNumber } from "./linux-signal.ts";
import { checkTerminalSize, type TerminalSize } from "./terminal-size.ts";

/** The call behind an {@link ExecProcess}. */
export interface ExecSource extends EventSource {
  readonly argv: readonly string[];
  readonly started: Promise<ExecStartedEvent>;
  readonly stdin: WritableStream<Uint8Array | string> | undefined;
  /** Sends a signal; false when the command has ended. */
  signal(number: number): boolean;
  /** Changes the terminal's size; false when the command has ended. */
  resize(size: TerminalSize): Promise<boolean>;
  /** Ends the command and rejects what is pending; without effect when it has ended. */
  fail(reason: unknown): void;
}

/**
 * A command that runs in a guest. Await it for its result, iterate it for its events, or read its `stdout` and `stderr`;
 * what one of them took is not in the others.
 *
 * While nobody reads, at most about 3 MiB of output waits on this side; then the guest's process blocks in write(2).
 *
 * ```ts
 * const { exitCode, stdout } = await agent.exec(["uname", "-a"]);
 * for await (const event of agent.exec(["make"])) if (event.type === "stdout") process.stdout.write(event.data);
 * await agent.exec("ls -l | sort").stdout.pipeTo(destination);
 * ```
 */
export class ExecProcess implements PromiseLike<ExecResult>, AsyncIterable<ExecEvent>, AsyncDisposable {
  /** The command; empty for an attached process. */
  readonly argv: readonly string[];
  readonly #call: ExecSource;
  readonly #output: ExecOutput;
  #result: Promise<ExecResult> | undefined;
  #iterated = false;

  /** Made by `AgentClient.exec` and `AgentProcesses.attach`. */
  constructor(call: ExecSource, maxBufferBytes: number = DEFAULT_MAX_BUFFER_BYTES) {
    this.#call = call;
    this.argv = call.argv;
    this.#output = new ExecOutput(call, maxBufferBytes);
  }

  /** The command's process ID and the id that `client.processes` knows it by, once it runs; rejects as the process does. */
  get started(): Promise<ExecStartedEvent> {
    return this.#call.started;
  }

  /**
   * How the command ended, for whoever watches it and takes none of its output: it waits until somebody else has. Rejects as the process
   * does, and disturbs nobody who does not look.
   */
  get exited(): Promise<ExecExitEvent> {
    return this.#call.exit;
  }

  /**
   * Writes to the command: bytes, or text as UTF-8. Closing it ends the command's stdin. Present with `stdin: true` or a
   * terminal that was given no source. A write waits until the command's side takes it, and fails with `EXEC_ENDED` after
   * the end, which is noticed while the process is awaited or its output is taken.
   */
  get stdin(): WritableStream<Uint8Array | string> | undefined {
    return this.#call.stdin;
  }

  /**
   * What the command writes, as it comes. The command is held back while it is not read: read both streams at a time, or
   * take one and find the other in the result.
   *
   * @throws {@link AgentError} `EXEC_OUTPUT_TAKEN` when the process was awaited or iterated before.
   */
  get stdout(): ReadableStream<Uint8Array> {
    return this.#stream("stdout");
  }

  /** As {@link stdout}. A command on a terminal writes nothing here. */
  get stderr(): ReadableStream<Uint8Array> {
    return this.#stream("stderr");
  }

  /**
   * Sends a signal to the command's process group, SIGTERM by default. Like the `kill` of Node's child process: it returns
   * false when the command is known to have ended, and does not wait. It overtakes stdin.
   *
   * @throws {@link AgentError} `EXEC_INVALID` when there is no such signal.
   */
  kill(signal: LinuxSignal | number = "SIGTERM"): boolean {
    return this.#call.signal(signalNumber(signal));
  }

  /**
   * Changes the size of the command's terminal, which sends it SIGWINCH. False when the command has ended.
   *
   * @throws {@link AgentError} `EXEC_INVALID` for a size that no terminal has, `AGENT_CALL_FAILED` without a terminal.
   */
  async resize(size: TerminalSize): Promise<boolean> {
    return await this.#call.resize(checkTerminalSize(size));
  }

  /**
   * The result of a command that must succeed.
   *
   * @throws {@link AgentError} `EXEC_FAILED` when it ended with another exit code than 0, `EXEC_TIMED_OUT` after `timeoutMs`.
   */
  async orThrow(): Promise<ExecResult> {
    return (await this).orThrow();
  }

  /** Rejects with {@link AgentError}, or with the reason of `signal`. */
  // biome-ignore lint/suspicious/noThenProperty: a process is a PromiseLike of its result by design
  then<Fulfilled = ExecResult, Rejected = never>(
    onFulfilled?: ((result: ExecResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: PromiseLike says any, and callers annotate what they expect
    onRejected?: ((reason: any) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#result ??= (this.#iterated ? this.#call.exit : this.#output.run()).then((exit) => this.#resultOf(exit));
    return this.#result.then(onFulfilled, onRejected);
  }

  /**
   * The events as they happen; the guest's process is held back when they are not taken. Leaving the loop ends the command.
   *
   * @throws {@link AgentError} `EXEC_OUTPUT_TAKEN` when the process was awaited, iterated or read before.
   */
  [Symbol.asyncIterator](): AsyncGenerator<ExecEvent, void, undefined> {
    if (this.#iterated || this.#output.begun) throw outputTaken();
    this.#iterated = true;
    return this.#events();
  }

  /** Ends the call if the command still runs: the guest kills the process and what it started, unless it is detached or attached to. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#call.fail(disposed());
  }

  #stream(name: "stdout" | "stderr"): ReadableStream<Uint8Array> {
    if (this.#iterated || this.#result !== undefined) throw outputTaken();
    return this.#output.stream(name);
  }

  async *#events(): AsyncGenerator<ExecEvent, void, undefined> {
    try {
      for (let event = await this.#call.next(); event !== undefined; event = await this.#call.next()) yield event;
    } finally {
      this.#call.fail(disposed());
    }
  }

  #resultOf(exit: ExecExitEvent): ExecResult {
    return new ExecResult({
      argv: this.argv,
      exitCode: exit.exitCode,
      signal: exit.signal,
      timedOut: exit.timedOut,
      durationMs: exit.durationMs,
      stdout: this.#output.kept("stdout"),
      stderr: this.#output.kept("stderr"),
      truncated: this.#output.truncated,
    });
  }
}

function outputTaken(): AgentError {
  return new AgentError({
    code: "EXEC_OUTPUT_TAKEN",
    message: "The output of this process is already being read",
    hint: "Await the process, iterate it, or take its streams before anything else.",
  });
}

function disposed(): AgentError {
  return new AgentError({
    code: "EXEC_DISPOSED",
    message: "The process was disposed before its command ended",
    hint: "Await the process before it goes out of scope, or iterate it to its end.",
  });
}
