import { AgentError } from "../errors/agent-error.ts";

/** Names a process of a guest: the id that its start gave out, or the guest's main process. */
export type ProcessId = number | "main";

/** As the protocol has it. @throws {@link AgentError} `EXEC_INVALID` */
export function processId(id: ProcessId): bigint {
  if (id === "main") return 0n;
  if (Number.isSafeInteger(id) && id >= 0) return BigInt(id);
  throw new AgentError({
    code: "EXEC_INVALID",
    message: `${id} is no id of a process`,
    hint: 'Give the id of a started event, or "main".',
  });
}

/** The error for a process that the guest does not know, or no longer. */
export function unknownProcess(id: ProcessId, cause: unknown): AgentError {
  return new AgentError({
    code: "PROCESS_UNKNOWN",
    message: id === "main" ? "The guest has no main process that runs" : `The guest knows no process ${id} that runs`,
    hint: "It has ended; `list` shows what runs, and `wait` tells of the last 256 that ended.",
    cause,
  });
}
