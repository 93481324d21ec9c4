import { constants } from "node:os";

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** An error as node:fs throws them, for a system call that was made without it. */
export function systemError(call: string, errno: number, name: string): NodeJS.ErrnoException {
  const code = NAMES.get(errno) ?? `E${errno}`;
  return Object.assign(new Error(`${code}: ${call} ${JSON.stringify(name)}`), { code, errno, syscall: call });
}

/** The `code` of a system error, or undefined for anything else. */
export function errnoCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
