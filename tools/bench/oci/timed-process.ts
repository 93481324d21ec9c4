import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What a process took, from its start to its end. */
export interface ProcessCost {
  readonly wallMs: number;
  /** User and system time, of its own children too. */
  readonly cpuMs: number;
  readonly stdout: string;
}

/** Runs a program under the shell's `time`: Node does not tell the CPU time of a child. Rejects when it fails. */
export async function timedProcess(program: string, args: readonly string[]): Promise<ProcessCost> {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@"';
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script, "bash", program, ...args], {
    env: { ...process.env, LC_ALL: "C" },
  });
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] =
    stderr.trimEnd().split("\n").at(-1)?.split(" ").map(Number) ?? [];
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, stdout };
}
