import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { AgentError, protocolViolation } from "../errors/agent-error.ts";
import { MAX_GRACE_MS } from "../exec/exec-options.ts";
import { readExit } from "../exec/exec-reader.ts";
import { type LinuxSignal, signalNumber } from "../exec/linux-signal.ts";
import type { TerminalSize } from "../exec/terminal-size.ts";
import type { ExecExited } from "../gen/a3s/agent/v1/agent_pb.ts";
import type { ProcessService } from "../gen/a3s/agent/v1/process_pb.ts";
import { type CallOptions, callAgent, DEFAULT_CALL_TIMEOUT_MS } from "../session/call.ts";
import { durationFromMs } from "../time/duration.ts";
import { type GuestProcess, readProcess } from "./guest-process.ts";

/** How a process ended. */
export interface ProcessExit {
  /** 0 to 255; 128 + N when signal N ended it. */
  readonly exitCode: number;
  readonly signal: LinuxSignal | null;
  /** It was ended because of its `timeoutMs`. */
  readonly timedOut: boolean;
}

/** Options of {@link AgentProcesses.kill}. */
export interface KillOptions extends CallOptions {
  /** From SIGTERM to SIGKILL in milliseconds, at most one hour; none by default. */
  readonly graceMs?: number | undefined;
}

/** Processes listed at most; a guest cannot make a list without end. */
const MAX_LISTED = 10_000;

/**
 * The processes that `exec` has started in a guest, whoever called it, by their id ({@link ExecStartedEvent}). Each method
 * rejects with {@link AgentError} `PROCESS_UNKNOWN` where no such process is known, and otherwise as `AgentClient.health`.
 */
export class AgentProcesses {
  readonly #service: Client<typeof ProcessService>;

  /** Made by `AgentClient`. */
  constructor(service: Client<typeof ProcessService>) {
    this.#service = service;
  }

  /** Those that run, oldest first. */
  async list(options: CallOptions = {}): Promise<GuestProcess[]> {
    return await callAgent("a list of processes", options, async (signal) => {
      const listed: GuestProcess[] = [];
      for await (const process of this.#service.listProcesses({}, { signal })) {
        if (listed.push(readProcess(process)) > MAX_LISTED)
          throw protocolViolation(`it listed more than ${MAX_LISTED} processes`);
      }
      return listed;
    });
  }

  /** Sends a signal to the process group. @throws {@link AgentError} `EXEC_INVALID` when there is no such signal. */
  async signal(id: number, signal: LinuxSignal | number, options: CallOptions = {}): Promise<void> {
    const request = { id: BigInt(id), number: signalNumber(signal) };
    await this.#call(id, "a signal", options, (signal) => this.#service.signalProcess(request, { signal }));
  }

  /**
   * Ends a process and everything it started, also what has left its process group, and resolves when the process has
   * ended. The time of the call is the grace and `timeoutMs`; giving it up stops nothing.
   */
  async kill(id: number, { graceMs = 0, ...options }: KillOptions = {}): Promise<ProcessExit> {
    const grace = Math.min(Math.max(graceMs, 0), MAX_GRACE_MS);
    const request = { id: BigInt(id), grace: durationFromMs(grace) };
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS } = options;
    const patient = { ...options, timeoutMs: timeoutMs + grace };
    const answer = await this.#call(id, "a kill", patient, (signal) => this.#service.killProcess(request, { signal }));
    return readEnd(answer.exited);
  }

  /** Resolves when a process has ended; the last 256 that ended are remembered. Without a time limit unless `timeoutMs` is given. */
  async wait(id: number, { signal, timeoutMs }: CallOptions = {}): Promise<ProcessExit> {
    const request = { id: BigInt(id) };
    const ask = (signal: AbortSignal) => this.#service.waitProcess(request, { signal });
    const answer = await this.#call(id, "a wait", { signal, timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY }, ask);
    return readEnd(answer.exited);
  }

  /** Changes the size of a process's terminal; false when it has ended. */
  async resize(id: number, size: TerminalSize, options: CallOptions = {}): Promise<boolean> {
    const request = { id: BigInt(id), size };
    try {
      await this.#call(id, "a resize", options, (signal) => this.#service.resizeTerminal(request, { signal }));
      return true;
    } catch (error) {
      if (error instanceof AgentError && error.code === "PROCESS_UNKNOWN") return false;
      throw error;
    }
  }

  #call<T>(id: number, what: string, options: CallOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return callAgent(what, options, async (signal) => {
      try {
        return await call(signal);
      } catch (error) {
        if (error instanceof ConnectError && error.code === Code.NotFound) throw unknown(id, error);
        throw error;
      }
    });
  }
}

function readEnd(exited: ExecExited | undefined): ProcessExit {
  if (exited === undefined) throw protocolViolation("it did not say how a process ended");
  const { exitCode, signal, timedOut } = readExit(exited);
  return { exitCode, signal, timedOut };
}

function unknown(id: number, cause: unknown): AgentError {
  return new AgentError({
    code: "PROCESS_UNKNOWN",
    message: `The guest knows no process ${id} that runs`,
    hint: "It has ended; `list` shows what runs, and `wait` tells of the last 256 that ended.",
    cause,
  });
}
