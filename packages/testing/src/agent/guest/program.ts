import type { FileTree } from "../files/file-tree.ts";
import type { Disposition } from "./signals.ts";
import type { Terminal } from "./terminal.ts";

/** A program of the double's guest. @returns its exit code. */
export type Program = (run: ProgramRun) => Promise<number> | number;

/** What a program is given, and can do. */
export interface ProgramRun {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** What it runs on when the caller asked for a terminal. */
  readonly terminal: Terminal | undefined;
  /** Files of the guest. */
  readonly files: FileTree;
  /** Aborts when a signal ends the program. */
  readonly signal: AbortSignal;
  /** Bytes of stdin, at least one; undefined at its end. */
  read(): Promise<Uint8Array | undefined>;
  /** Puts bytes back for the next read. */
  unread(bytes: Uint8Array): void;
  /** Resolves when the caller has room for more; `stdout` unless told otherwise. */
  write(output: string | Uint8Array, stream?: "stdout" | "stderr"): Promise<void>;
  /** What the program does about a signal, by its number; its children ignore what it ignores. */
  on(signal: number, disposition: Disposition | "default"): void;
  /** Sends a signal to the process group. */
  raise(signal: number): void;
  /** Runs another program in the same process group. @returns its exit code, 128 + N when signal N ended it. */
  run(argv: readonly string[], redirection?: { readonly stdoutTo: "stderr" | "stdout" }): Promise<number>;
}
