import type { ExecProcess } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";

/** What a command's terminal is to be: as large as this process's own, or of the usual size where there is none. */
export function terminalSize(): true | { readonly columns: number; readonly rows: number } {
  const { columns, rows } = process.stdout;
  return columns > 0 && rows > 0 ? { columns, rows } : true;
}

/**
 * As docker has it: keys can be passed on only where there are keys.
 *
 * @param remedy what to do about it
 * @throws InvalidArgumentError
 */
export function requireTerminal(remedy = "leave out -t, or -i"): void {
  if (!process.stdin.isTTY) throw new InvalidArgumentError(`standard input is no terminal: ${remedy}`);
}

/**
 * Ties this process's terminal to a command's until it is disposed: its size follows, and with `keys` every key goes to the command as it is,
 * Ctrl-C too.
 */
export function joinTerminal(running: ExecProcess, { keys }: { readonly keys: boolean }): Disposable {
  const { stdin, stdout } = process;
  // A command that has just ended has no size any more.
  const resize = () => void running.resize({ columns: stdout.columns, rows: stdout.rows }).catch(() => {});
  stdout.on("resize", resize);
  if (keys) stdin.setRawMode(true);
  return {
    [Symbol.dispose]() {
      if (keys) stdin.setRawMode(false);
      stdout.off("resize", resize);
    },
  };
}
