import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { AgentError, protocolViolation } from "../errors/agent-error.ts";
import { MAX_GRACE_MS } from "../exec/exec-options.ts";
import { ExecProcess } from "../exec/exec-process.ts";
import { readExit } from "../exec/exec-reader.ts";
import { type LinuxSignal, signalNumber } from "../exec/linux-signal.ts";
import { ProcessCall } from "../exec/process-call.ts";
import type { TerminalSize } from "../exec/terminal-size.ts";
import type { ExecExited } from "../gen/a3s/agent/v1/agent_pb.ts";
import type { ProcessService } from "../gen/a3s/agent/v1/process_pb.ts";
import { type CallOptions, callAgent, DEFAULT_CALL_TIMEOUT_MS } from "../session/call.ts";
import { durationFromMs } from "../time/duration.ts";
import { type AttachOptions, planAttach } from "./attach-plan.ts";
import { type GuestProcess, readProcess } from "./guest-process.ts";
import { type ProcessId, processId, unknownProcess } from "./process-id.ts";

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
 * The guest's main process, `"main"`, and those that `exec` has started, whoever called it, by their id ({@link ExecStartedEvent}). Each method
 * rejects with {@link AgentError} `PROCESS_UNKNOWN` where no such process is known, and otherwise as `AgentClient.health`.
 */
export class AgentProcesses {
  readonly #service: Client<typeof ProcessService>;

  /** @internal Made by `AgentClient`. */
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
  async signal(id: ProcessId, signal: LinuxSignal | number, options: CallOptions = {}): Promise<void> {
    const request = { id: processId(id), number: signalNumber(signal) };
    await this.#call(id, "a signal", options, (signal) => this.#service.signalProcess(request, { signal }));
  }

  /**
   * Ends a process and everything it started, also what has left its process group, and resolves when the process has
   * ended. The time of the call is the grace and `timeoutMs`; giving it up stops nothing.
   */
  async kill(id: ProcessId, { graceMs = 0, ...options }: KillOptions = {}): Promise<ProcessExit> {
    const grace = Math.min(Math.max(graceMs, 0), MAX_GRACE_MS);
    const request = { id: processId(id), grace: durationFromMs(grace) };
    const { timeoutMs = DEFAULT_CALL_TIMEOUT_MS } = options;
    const patient = { ...options, timeoutMs: timeoutMs + grace };
    const answer = await this.#call(id, "a kill", patient, (signal) => this.#service.killProcess(request, { signal }));
    return readEnd(answer.exited);
  }

  /**
   * Resolves when a process has ended; the last 256 that ended are remembered. Without a time limit unless `timeoutMs` is given. Asked
   * about a main process that waits for its first attachment, it waits, too; one that could not be started is `AGENT_CALL_FAILED`.
   */
  async wait(id: ProcessId, { signal, timeoutMs }: CallOptions = {}): Promise<ProcessExit> {
    const request = { id: processId(id) };
    const ask = (signal: AbortSignal) => this.#service.waitProcess(request, { signal });
    const answer = await this.#call(id, "a wait", { signal, timeoutMs: timeoutMs ?? Number.POSITIVE_INFINITY }, ask);
    return readEnd(answer.exited);
  }

  /**
   * Joins the main process, or a command that was started with `detached`: the handle is that of `exec`, with the output from here on
   * and without `argv`. The first to attach to a main process that waits for it starts it, and misses nothing. The end of the call, by
   * `signal` or by leaving an iteration, ends nothing in the guest.
   *
   * Whoever reads slowly slows the process down. A call that takes nothing for a minute is left behind and fails with `ATTACH_TOO_SLOW`;
   * the log of the main process goes on meanwhile.
   *
   * @throws {@link AgentError} `EXEC_INVALID` at once. The handle rejects with `PROCESS_UNKNOWN`, with `AGENT_CALL_FAILED` for a command
   * that is not detached, and, where it started the main process, as that of `exec`.
   */
  attach(id: ProcessId, options: AttachOptions = {}): ExecProcess {
    return new ExecProcess(new ProcessCall(planAttach(this.#service, id, options), this), options.maxBufferBytes);
  }

  /** Changes the size of a process's terminal; false when it has ended. */
  async resize(id: ProcessId, size: TerminalSize, options: CallOptions = {}): Promise<boolean> {
    const request = { id: processId(id), size };
    try {
      await this.#call(id, "a resize", options, (signal) => this.#service.resizeTerminal(request, { signal }));
      return true;
    } catch (error) {
      if (error instanceof AgentError && error.code === "PROCESS_UNKNOWN") return false;
      throw error;
    }
  }

  #call<T>(id: ProcessId, what: string, options: CallOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return callAgent(what, options, async (signal) => {
      try {
        return await call(signal);
      } catch (error) {
        if (error instanceof ConnectError && error.code === Code.NotFound) throw unknownProcess(id, error);
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
