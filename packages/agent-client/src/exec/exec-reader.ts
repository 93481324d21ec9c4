import { AgentError, type AgentErrorCode, protocolViolation } from "../errors/agent-error.ts";
import { guestText } from "../errors/guest-text.ts";
import {
  type ExecExited,
  type ExecFailed,
  ExecFailed_Reason,
  type ExecResponse,
  type ExecStarted,
} from "../gen/a3s/agent/v1/agent_pb.ts";
import type { ExecEvent } from "./exec-event.ts";
import { MAX_SIGNAL, signalName } from "./linux-signal.ts";

type Exit = Omit<Extract<ExecEvent, { type: "exit" }>, "durationMs">;
/** What both Exec and AttachProcess answer. */
export type ProcessResponse = Pick<ExecResponse, "message">;
type ReadEvent = Exclude<ExecEvent, { type: "exit" }> | Exit;

/** Checks the agent's messages of one call, in the order that the protocol gives them, and turns them into events. */
export class ExecReader {
  readonly #command: string;
  #started = false;

  constructor(command: string) {
    this.#command = command;
  }

  /**
   * The event of a message; undefined for a message of a later protocol that has no meaning here.
   *
   * @throws {@link AgentError} why the command did not start, or `AGENT_PROTOCOL_VIOLATION`.
   */
  read({ message }: ProcessResponse): ReadEvent | undefined {
    switch (message.case) {
      case "started":
        if (this.#started) throw protocolViolation("it reported a start twice");
        this.#started = true;
        return readStart(message.value);
      case "failed":
        throw startError(this.#command, message.value);
      // The transport's.
      case "stdoutConnection":
      case undefined:
        return undefined;
    }
    if (!this.#started) throw protocolViolation(`its first message was "${message.case}"`);
    if (message.case === "exited") return readExit(message.value);
    return { type: message.case, data: message.value };
  }
}

function readStart({ pid, id }: ExecStarted): ReadEvent {
  if (pid < 1) throw protocolViolation(`it reported the process ID ${pid}`);
  return { type: "started", pid, id: readProcessId(id) };
}

/** @throws {@link AgentError} `AGENT_PROTOCOL_VIOLATION` for one that no agent counts up to. */
export function readProcessId(id: bigint): number {
  if (id > Number.MAX_SAFE_INTEGER) throw protocolViolation(`it reported the process ${id}`);
  return Number(id);
}

/** @throws {@link AgentError} `AGENT_PROTOCOL_VIOLATION` for what no process can end with. */
export function readExit({ code, signal, timedOut }: ExecExited): Exit {
  if (code < 0 || code > 255) throw protocolViolation(`it reported the exit code ${code}`);
  if (signal < 0 || signal > MAX_SIGNAL) throw protocolViolation(`it reported the signal ${signal}`);
  if (signal !== 0 && code !== 128 + signal)
    throw protocolViolation(`it reported exit code ${code} for signal ${signal}`);
  return { type: "exit", exitCode: code, signal: signal === 0 ? null : signalName(signal), timedOut };
}

interface StartFault {
  readonly code: AgentErrorCode;
  readonly hint: string;
  readonly exitCode?: number;
}

const START_FAULTS: Readonly<Record<ExecFailed_Reason, StartFault>> = {
  [ExecFailed_Reason.UNSPECIFIED]: { code: "AGENT_CALL_FAILED", hint: "The agent gave no reason; look at its log." },
  [ExecFailed_Reason.NOT_FOUND]: {
    code: "COMMAND_NOT_FOUND",
    hint: "Give an absolute path, or the PATH in `env` that holds the command; a script also needs the interpreter of its first line.",
    exitCode: 127,
  },
  [ExecFailed_Reason.NOT_EXECUTABLE]: {
    code: "COMMAND_NOT_EXECUTABLE",
    hint: "It needs the mode +x, the guest's architecture, and an interpreter that the image has.",
    exitCode: 126,
  },
  [ExecFailed_Reason.BAD_USER]: {
    code: "EXEC_USER_INVALID",
    hint: "Use a name of the image's /etc/passwd, or numbers as uid:gid.",
  },
  [ExecFailed_Reason.BAD_CWD]: { code: "EXEC_CWD_INVALID", hint: "Give the absolute path of a directory." },
  [ExecFailed_Reason.INVALID]: { code: "EXEC_INVALID", hint: "Correct the arguments of exec." },
  [ExecFailed_Reason.RESOURCES]: {
    code: "EXEC_RESOURCES_EXHAUSTED",
    hint: "End processes in the guest, or give it more memory.",
  },
};

/** Why a command was not started. */
export function startError(command: string, failed: ExecFailed): AgentError {
  const fault = START_FAULTS[failed.reason] ?? START_FAULTS[ExecFailed_Reason.UNSPECIFIED];
  return new AgentError({
    code: fault.code,
    message: `${JSON.stringify(guestText(command, 200))} was not started: ${guestText(failed.message)}`,
    hint: fault.hint,
    ...(fault.exitCode === undefined ? {} : { details: { exitCode: fault.exitCode } }),
  });
}
