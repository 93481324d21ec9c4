import type { Client } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import type { ProcessCallPlan } from "../exec/process-call.ts";
import type { StdinSource } from "../exec/stdin-source.ts";
import { checkTerminalSize, type TerminalSize } from "../exec/terminal-size.ts";
import type { ProcessService } from "../gen/a3s/agent/v1/process_pb.ts";
import { type ProcessId, processId, unknownProcess } from "./process-id.ts";

/** Options of {@link AgentProcesses.attach}. */
export interface AttachOptions {
  /**
   * What the main process reads, or `true` to write it to the handle's `stdin`. The end of a source is the end of the process's stdin,
   * for everyone who is attached; that of the call is not. Left out, nothing is written.
   */
  readonly stdin?: StdinSource | true | undefined;
  /** The size that the process's terminal gets, where it has one. */
  readonly size?: TerminalSize | undefined;
  /** Abort to end the call; the process goes on. */
  readonly signal?: AbortSignal | undefined;
  /** As for `exec`. */
  readonly maxBufferBytes?: number | undefined;
}

interface AttachStart {
  readonly id: bigint;
  readonly size?: TerminalSize;
}

/** @throws {@link AgentError} `EXEC_INVALID` for an id or a size that there is not. */
export function planAttach(
  service: Client<typeof ProcessService>,
  id: ProcessId,
  { stdin, size, signal }: AttachOptions,
): ProcessCallPlan<AttachStart> {
  return {
    argv: [],
    name: id === "main" ? "the main process" : `process ${id}`,
    start: { id: processId(id), ...(size !== undefined && { size: checkTerminalSize(size) }) },
    stdin,
    signal,
    fault: (error) => attachFault(id, error),
    open: (requests, { signal }) => service.attachProcess(requests, { signal }),
  };
}

/** What an attached call can fail with, in terms of the process. */
function attachFault(id: ProcessId, error: AgentError): AgentError {
  if (error.code !== "AGENT_CALL_FAILED") return error;
  const { status } = error.details;
  if (status === "NotFound") return unknownProcess(id, error);
  if (status === "ResourceExhausted") {
    return new AgentError({
      code: "ATTACH_TOO_SLOW",
      message: "The call was left behind: it did not take the process's output for a minute",
      hint: "Read the output as it comes, or read the log of the main process.",
      cause: error,
    });
  }
  return error;
}
