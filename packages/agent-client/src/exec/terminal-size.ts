import { AgentError } from "../errors/agent-error.ts";

/** Size of a terminal in characters, 1 to 65535 each. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** The size of a terminal that is given none. */
export const DEFAULT_TERMINAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** What a command on a terminal finds in `TERM` unless it is told otherwise. */
export const DEFAULT_TERM = "xterm-256color";

/** @throws {@link AgentError} `EXEC_INVALID` for a size that no terminal has. */
export function checkTerminalSize({ columns, rows }: TerminalSize): TerminalSize {
  for (const length of [columns, rows]) {
    if (Number.isInteger(length) && length >= 1 && length <= 65_535) continue;
    throw new AgentError({
      code: "EXEC_INVALID",
      message: `A terminal cannot have ${columns} columns and ${rows} rows`,
      hint: "Give whole numbers from 1 to 65535.",
    });
  }
  return { columns, rows };
}
