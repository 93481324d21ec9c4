import { BoxError } from "@a3s/core";
import { callFault } from "./call-fault.ts";

/** Codes of errors that @a3s/agent-client raises. */
export type AgentErrorCode =
  /** The agent cannot be reached, or the connection ended or the call was reset while it was pending. */
  | "AGENT_UNAVAILABLE"
  /** The client was disposed. */
  | "AGENT_CLOSED"
  /** The agent answered the call with an error status of its own; `details.status` names it. */
  | "AGENT_CALL_FAILED"
  /** The agent sent something that its protocol does not allow: garbage, an oversized message, a value out of range. */
  | "AGENT_PROTOCOL_VIOLATION"
  /** The agent speaks a generation of the protocol that this version does not know. */
  | "PROTOCOL_MISMATCH"
  /** An argument of `exec` cannot be a command: empty argv, a NUL byte, a bad name of a variable or signal. */
  | "EXEC_INVALID"
  /** The command does not exist in the guest; `details.exitCode` is 127, as a shell reports it. */
  | "COMMAND_NOT_FOUND"
  /** The command exists but cannot be executed; `details.exitCode` is 126, as a shell reports it. */
  | "COMMAND_NOT_EXECUTABLE"
  /** The user or group is not known in the guest. */
  | "EXEC_USER_INVALID"
  /** The working directory cannot be entered or created. */
  | "EXEC_CWD_INVALID"
  /** The guest lacks memory, processes or descriptors to start the command. */
  | "EXEC_RESOURCES_EXHAUSTED"
  /** The source given as stdin failed; `cause` is its error. */
  | "EXEC_STDIN_FAILED"
  /** The command ended with a non-zero exit code or by a signal; only `orThrow()` makes an error of it. */
  | "EXEC_FAILED"
  /** The command did not end within its `timeoutMs` and was ended; only `orThrow()` makes an error of it. */
  | "EXEC_TIMED_OUT"
  /** The command has ended, so nothing takes what is written to its `stdin`. */
  | "EXEC_ENDED"
  /** A call that was attached to a process took none of its output for a minute, and was left behind. */
  | "ATTACH_TOO_SLOW"
  /** No such process runs in the guest, or its end is no longer remembered. */
  | "PROCESS_UNKNOWN"
  /** The process was disposed, or its iteration was left, before the command ended. */
  | "EXEC_DISPOSED"
  /** The output of a process was asked for twice: it is either awaited or iterated, once. */
  | "EXEC_OUTPUT_TAKEN"
  /** An argument of a call about files cannot be: a path that is not absolute or holds NUL, a mode, an unknown user. */
  | "FILE_INVALID"
  /** There is no such file in the guest, or no directory that it could be in. */
  | "FILE_NOT_FOUND"
  /** There is a file of that name already. */
  | "FILE_EXISTS"
  /** The user that the call is made for may not do that. */
  | "FILE_ACCESS_DENIED"
  /** The file is in a root or volume of the guest that is read-only. */
  | "FILE_READ_ONLY"
  /** Something on the path is not a directory. */
  | "FILE_NOT_DIRECTORY"
  /** A directory is where a file is needed. */
  | "FILE_IS_DIRECTORY"
  /** The directory holds files. */
  | "FILE_NOT_EMPTY"
  /** The guest's file system or quota is full. */
  | "FILE_NO_SPACE"
  /** A device, FIFO or socket is where a regular file is needed, or the file system cannot do that. */
  | "FILE_UNSUPPORTED"
  /** The guest sends more bytes or entries than the call allows. */
  | "FILE_TOO_LARGE"
  /** The guest's kernel refused for another reason, which `details.errno` names. */
  | "FILE_FAILED"
  /** The source given as content failed; `cause` is its error. */
  | "FILE_SOURCE_FAILED"
  /** A Unix socket path is longer than the operating system takes. */
  | "SOCKET_PATH_TOO_LONG"
  /** The doorbell's socket cannot be bound. */
  | "DOORBELL_UNAVAILABLE"
  /** The doorbell was disposed before the guest was ready. */
  | "DOORBELL_CLOSED"
  /** The configuration for a guest holds a value that a guest cannot take. */
  | "GUEST_CONFIG_INVALID"
  /** The guest reported that a stage of its boot failed; `details` hold stage, message and errno. */
  | "GUEST_BOOT_FAILED";

/** An error of @a3s/agent-client; see {@link AgentErrorCode}. */
export class AgentError extends BoxError<AgentErrorCode> {
  static override readonly errorName: string = "AgentError";

  /** Turns what a call failed with into an {@link AgentError}; one that is in the chain of causes already is kept. */
  static from(error: unknown): AgentError {
    for (let link = error, depth = 0; link instanceof Error && depth < 8; link = link.cause, depth++) {
      if (link instanceof AgentError) return link;
    }
    return new AgentError({ ...callFault(error), cause: error });
  }
}

/** The error for what an agent must not say; `what` goes on after "it". */
export function protocolViolation(what: string): AgentError {
  return new AgentError({
    code: "AGENT_PROTOCOL_VIOLATION",
    message: `The guest agent broke its protocol: ${what}`,
    hint: "The guest is compromised, or something other than the agent answers on this socket; destroy the VM.",
  });
}
