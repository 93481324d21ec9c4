import { AgentError } from "../errors/agent-error.ts";

/** @throws {@link AgentError} `FILE_INVALID` for what are no permission bits. */
export function checkMode(mode: number): number {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return mode;
  throw new AgentError({
    code: "FILE_INVALID",
    message: `The mode cannot be ${mode}`,
    hint: "Give permission bits, such as 0o755.",
  });
}

/** @throws {@link AgentError} `FILE_INVALID` for what is no user or group ID. */
export function checkId(id: number, what: string): number {
  if (Number.isInteger(id) && id >= 0 && id < 0xffff_ffff) return id;
  throw new AgentError({
    code: "FILE_INVALID",
    message: `The ${what} cannot be ${id}`,
    hint: "Give a number as the guest's /etc/passwd has it.",
  });
}

/** @throws {@link AgentError} `FILE_INVALID` for what no file can have as its size in bytes. */
export function checkSize(bytes: number): bigint {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return BigInt(bytes);
  throw new AgentError({
    code: "FILE_INVALID",
    message: `The size cannot be ${bytes}`,
    hint: "Give a number of bytes, 0 or more.",
  });
}
