import { execFile, spawn } from "node:child_process";
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

/** Runs `a3s-box` with a home directory of its own. */
export function commandWith(home: string): (...args: readonly string[]) => Promise<Ended> {
  return (...args) => ended(process.execPath, [program, ...args], { A3S_HOME: home });
}

/**
 * Runs `a3s-box` in a terminal of 80 columns and 24 rows, and answers what the terminal got. When one of the texts of `answers` is on the
 * screen, its keys are pressed.
 */
export async function inTerminal(
  home: string,
  args: readonly string[],
  answers: Readonly<Record<string, string>> = {},
): Promise<{ code: number; screen: string }> {
  const words = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty columns 80 rows 24; exec ${words.join(" ")}`;
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { ...process.env, A3S_HOME: home, TERM: "xterm", CI: "" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const unanswered = { ...answers };
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    for (const [seen, keys] of Object.entries(unanswered)) {
      if (!screen.includes(seen)) continue;
      delete unanswered[seen];
      child.stdin.write(keys);
    }
  });
  child.once("exit", () => child.stdin.end());
  const [code] = (await once(child, "close")) as [number];
  return { code, screen };
}
