import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface CommandOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
  /** Show the output as it comes; otherwise it is shown only when the command fails. */
  readonly live?: boolean;
  /** Ends the program after this time, with exit code 124. */
  readonly timeoutMs?: number;
}

export interface CommandResult {
  /** 128 + N is not told apart from a signal: any signal counts as 1. */
  readonly exitCode: number;
  /** stdout and stderr, as they came. */
  readonly output: string;
}

/** Runs a program of the workspace to its end. When the signal aborts, its whole process group gets SIGTERM. */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandResult> {
  options.signal.throwIfAborted();
  const [program, ...args] = command;
  const env = { ...process.env, CARGO_TERM_COLOR: "never", NO_COLOR: "1", ...options.env };
  const child = spawn(program, args, { cwd: options.cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const limit = options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs);
  const stop = AbortSignal.any([options.signal, limit].filter((each) => each !== undefined));
  stop.addEventListener("abort", () => endGroup(child), { once: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      if (options.live) process.stdout.write(text);
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  options.signal.throwIfAborted();
  const exitCode = limit?.aborted ? 124 : (code ?? 1);
  if (exitCode !== 0 && !options.live) process.stdout.write(`$ ${command.join(" ")}\n${output.trimEnd()}\n`);
  return { exitCode, output };
}

function endGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
  } catch {
    // The group has ended by itself.
  }
}
