import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The command as it is shipped. */
export const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function ended(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

/** Runs `a3s-box` with a home directory of its own, and where asked with another environment. */
export function commandWith(
  home: string,
  env: Readonly<Record<string, string>> = {},
): (...args: readonly string[]) => Promise<Ended> {
  return (...args) => ended(process.execPath, ["--", program, ...args], { ...env, A3S_HOME: home });
}

/** What a process in a terminal showed, and how it ended. */
export interface Shown {
  readonly code: number;
  readonly screen: string;
}

/** What is done when a text is on the screen: keys that are pressed, or a size that the terminal gets. */
export type Answer = string | { readonly columns: number; readonly rows: number };

/** Runs `a3s-box` in a terminal; see {@link inTerminal}. */
export function a3sBoxInTerminal(
  home: string,
  args: readonly string[],
  answers: Readonly<Record<string, Answer>> = {},
): Promise<Shown> {
  return inTerminal([process.execPath, "--", program, ...args], { env: { A3S_HOME: home }, answers });
}

/** Runs a command in a terminal of 80 columns and 24 rows. What answers a text happens once, when that is on the screen. */
export async function inTerminal(
  command: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly answers?: Readonly<Record<string, Answer>>;
  } = {},
): Promise<Shown> {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  // The terminal's name comes first, so that its size can be changed from outside, as a window does it.
  const line = `stty columns 80 rows 24; echo "<$(tty)>"; exec ${words.join(" ")}`;
  // Nobody looks at a CI's terminal, and NO_COLOR is for tests to set.
  const { CI: _ci, NO_COLOR: _noColor, ...environment } = process.env;
  const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    cwd: options.cwd,
    env: { ...environment, TERM: "xterm", ...options.env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const unanswered = { ...options.answers };
  let screen = "";
  const answer = (how: Answer) => {
    const [, terminal = ""] = /<(\/dev\/pts\/\d+)>/.exec(screen) ?? [];
    if (typeof how === "string") child.stdin.write(how);
    else execFileSync("stty", ["-F", terminal, "columns", String(how.columns), "rows", String(how.rows)]);
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    for (const [seen, how] of Object.entries(unanswered)) {
      if (!screen.includes(seen)) continue;
      delete unanswered[seen];
      answer(how);
    }
  });
  child.once("exit", () => child.stdin.end());
  const [code] = (await once(child, "close")) as [number];
  return { code, screen };
}
