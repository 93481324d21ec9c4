import type { Program, ProgramRun } from "./program.ts";
import { parseShell, type ShellCommand, type SimpleCommand, type WordPart } from "./shell-syntax.ts";
import { SIGNALS } from "./signals.ts";

/** `sh -c SCRIPT`, or `sh FILE`: what {@link parseShell} knows, with `exit`, `exec`, `trap`, `read`, `kill` and `:`. */
export const shell: Program = async (run) => {
  const [, option, script] = run.argv;
  if (option === "-c" && script !== undefined) return await new Shell(run).run(script);
  if (option === undefined || option.startsWith("-")) throw new Error("the agent's double has no interactive shell");
  return await new Shell(run).run(Buffer.from(run.files.read(option)).toString());
};

class Shell {
  readonly #run: ProgramRun;
  readonly #variables: Map<string, string>;
  readonly #traps = new Map<number, string>();
  readonly #pending: number[] = [];
  #status = 0;
  #exit: number | undefined;

  constructor(run: ProgramRun) {
    this.#run = run;
    this.#variables = new Map([...Object.entries(run.env), ["$", `${run.pid}`]]);
  }

  async run(script: string): Promise<number> {
    for (const command of parseShell(script)) await this.#commandAndTraps(command);
    return this.#exit ?? this.#status;
  }

  async #commandAndTraps(command: ShellCommand): Promise<void> {
    if (this.#exit !== undefined) return;
    if ("body" in command) {
      while (this.#exit === undefined) for (const each of command.body) await this.#commandAndTraps(each);
    } else {
      await this.#command(command);
      await this.#runTraps();
    }
  }

  async #runTraps(): Promise<void> {
    for (let signal = this.#pending.shift(); signal !== undefined; signal = this.#pending.shift()) {
      const status = this.#status;
      for (const command of parseShell(this.#traps.get(signal) ?? "")) {
        if ("body" in command) throw new Error("the agent's double knows no loops in traps");
        if (this.#exit === undefined) await this.#command(command);
      }
      this.#status = status;
    }
  }

  async #command({ words, toStderr }: SimpleCommand): Promise<void> {
    const argv = words.map((parts) => parts.map((part) => this.#expand(part)).join(""));
    const [name = "", ...operands] = argv;
    const builtin = this.#builtins[name];
    this.#status = builtin
      ? await builtin(operands)
      : await this.#run.run(argv, toStderr ? { stdoutTo: "stderr" } : undefined);
  }

  #expand(part: WordPart): string {
    if ("text" in part) return part.text;
    return part.variable === "?" ? `${this.#status}` : (this.#variables.get(part.variable) ?? "");
  }

  readonly #builtins: Readonly<Record<string, (operands: readonly string[]) => Promise<number> | number>> = {
    ":": () => 0,
    exit: ([code]) => (this.#exit = code === undefined ? this.#status : Number(code)),
    exec: async (argv) => {
      this.#exit = await this.#run.run(argv);
      return this.#exit;
    },
    trap: ([action = "", ...names]) => {
      for (const name of names) this.#trap(action, signalOf(name));
      return 0;
    },
    kill: ([option = "-TERM", target]) => {
      if (target !== this.#variables.get("$")) throw new Error("the shell of the agent's double kills only itself: $$");
      this.#run.raise(signalOf(option.slice(1)));
      return 0;
    },
    read: async ([name = "REPLY"]) => {
      const line = await readLine(this.#run);
      this.#variables.set(name, line ?? "");
      return line === undefined ? 1 : 0;
    },
  };

  #trap(action: string, signal: number): void {
    this.#traps.set(signal, action);
    if (action === "") this.#run.on(signal, "ignore");
    else if (action === "-") this.#run.on(signal, "default");
    else this.#run.on(signal, () => void this.#pending.push(signal));
  }
}

function signalOf(name: string): number {
  const signal = SIGNALS[name.replace(/^SIG/, "")] ?? Number(name);
  if (Number.isInteger(signal)) return signal;
  throw new Error(`the agent's double knows no signal ${JSON.stringify(name)}`);
}

async function readLine(run: ProgramRun): Promise<string | undefined> {
  const parts: Uint8Array[] = [];
  for (let bytes = await run.read(); bytes !== undefined; bytes = await run.read()) {
    const end = bytes.indexOf(0x0a);
    parts.push(end < 0 ? bytes : bytes.subarray(0, end));
    if (end < 0) continue;
    if (end + 1 < bytes.length) run.unread(bytes.subarray(end + 1));
    return Buffer.concat(parts).toString();
  }
  return parts.length === 0 ? undefined : Buffer.concat(parts).toString();
}
