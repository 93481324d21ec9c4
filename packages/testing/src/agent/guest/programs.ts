import type { Program, ProgramRun } from "./program.ts";
import { shell } from "./shell.ts";

/** What the double's guest has in /bin: enough to see that a command runs as it was asked to. */
export const PROGRAMS: Readonly<Record<string, Program>> = {
  true: () => 0,
  false: () => 1,
  sh: shell,
  echo: async (run) => {
    await run.write(`${run.argv.slice(1).join(" ")}\n`);
    return 0;
  },
  printf: async (run) => {
    await run.write(Buffer.from(unescaped(run.argv[1] ?? ""), "latin1"));
    return 0;
  },
  env: async (run) => {
    await run.write(
      Object.entries(run.env)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(""),
    );
    return 0;
  },
  pwd: async (run) => {
    await run.write(`${run.cwd}\n`);
    return 0;
  },
  id: async (run) => {
    const ids: Readonly<Record<string, number>> = { "-u": run.uid, "-g": run.gid };
    const id = ids[run.argv[1] ?? ""];
    if (id === undefined) throw new Error("the agent's double knows `id -u` and `id -g`");
    await run.write(`${id}\n`);
    return 0;
  },
  sleep: async (run) => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(Number(run.argv[1]) * 1000, 2 ** 31 - 1));
      run.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    });
    return 0;
  },
  cat: async (run) => {
    for (const path of run.argv.length === 1 ? ["-"] : run.argv.slice(1)) {
      for await (const bytes of content(run, path)) await run.write(bytes);
    }
    return 0;
  },
  head: async (run) => {
    const [, option, count, path = "-"] = run.argv;
    if (option !== "-c") throw new Error("the agent's double knows `head -c BYTES`");
    let left = Number(count);
    for await (const bytes of content(run, path)) {
      await run.write(bytes.subarray(0, left));
      if (bytes.length > left && path === "-") run.unread(bytes.subarray(left));
      left -= Math.min(left, bytes.length);
      if (left === 0) break;
    }
    return 0;
  },
  tty: async (run) => {
    await run.write(`${run.terminal?.name ?? "not a tty"}\n`);
    return run.terminal === undefined ? 1 : 0;
  },
  stty: async (run) => {
    const { terminal } = run;
    if (terminal === undefined) throw new Error("not a terminal");
    for (const setting of run.argv.slice(1)) {
      if (setting === "size") await run.write(`${terminal.size.rows} ${terminal.size.columns}\n`);
      else if (setting.endsWith("echo")) terminal.echo = setting === "echo";
      else if (setting.endsWith("raw")) terminal.raw = setting === "raw";
      else throw new Error("the agent's double knows `size`, `[-]echo` and `[-]raw` of stty");
    }
    return 0;
  },
};

const ZEROS = new Uint8Array(16 * 1024);

async function* content(run: ProgramRun, path: string): AsyncGenerator<Uint8Array, void, undefined> {
  if (path === "/dev/zero") for (;;) yield ZEROS;
  if (path !== "-") return yield run.files.read(Buffer.from(path).toString("latin1"));
  for (let bytes = await run.read(); bytes !== undefined; bytes = await run.read()) yield bytes;
}

/** `\n`, `\\` and `\NNN`, as printf(1) has them; text is UTF-8. */
function unescaped(format: string): string {
  if (format.includes("%")) throw new Error("the printf of the agent's double knows no %");
  return Buffer.from(format)
    .toString("latin1")
    .replace(/\\(?:([0-7]{1,3})|(.))/g, (_, octal?: string, character = "") => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return character === "n" ? "\n" : character;
    });
}
