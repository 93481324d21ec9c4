import type { FileTree } from "../files/file-tree.ts";
import { BytePipe, type Piece } from "./byte-pipe.ts";
import type { Program, ProgramRun } from "./program.ts";
import { type Disposition, isDeadly, Killed, SIGNALS } from "./signals.ts";
import { type Size, Terminal } from "./terminal.ts";

/** How a process is started. */
export interface ProcessStart {
  readonly id: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** As it was asked for. */
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly openStdin: boolean;
  readonly terminal: Size | undefined;
  readonly detached: boolean;
  /** Milliseconds to SIGKILL when the call's end or the timeout ends it; 0 where nothing was asked for. */
  readonly killGraceMs: number;
  readonly timeoutMs: number | undefined;
  /** 0: SIGTERM to the process group. */
  readonly stopSignal: number;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number;
  readonly signal: number;
  readonly timedOut: boolean;
}

export interface Output extends Piece {
  readonly stream: "stdout" | "stderr";
}

/** Finds the program that argv names. Undefined when there is none. */
export type FindProgram = (argv: readonly string[], env: ProgramRun["env"]) => Program | undefined;

interface Frame {
  readonly dispositions: Map<number, Disposition>;
  readonly controller: AbortController;
}

const SIGKILL = 9;
/** From a terminal's SIGHUP to SIGKILL where no grace was asked for, in milliseconds. */
const HANG_UP_GRACE_MS = 1000;

/** A process group of the double: a program and those that it runs. */
export class GuestProcess {
  readonly start: ProcessStart;
  readonly pid: number;
  readonly startedAt = new Date();
  readonly terminal: Terminal | undefined;
  readonly stdin = new BytePipe();
  readonly output = new BytePipe<Output>();
  /** Resolves at the end, whether the output has been read or not. */
  readonly ended: Promise<ProcessEnd>;
  readonly #files: FileTree;
  readonly #find: FindProgram;
  readonly #frames: Frame[] = [];
  #timedOut = false;
  #over = false;

  constructor(start: ProcessStart, program: Program, find: FindProgram, files: FileTree) {
    this.start = start;
    this.pid = 100 + start.id;
    this.#find = find;
    this.#files = files;
    if (start.terminal !== undefined) {
      this.terminal = new Terminal(`/dev/pts/${start.id}`, start.terminal, {
        typed: (data) => this.stdin.write({ data }),
        endOfFile: () => this.stdin.end(),
        shown: (data) => this.output.write({ stream: "stdout", data }),
        interrupt: () => this.signal(SIGNALS["INT"] as number),
      });
    } else if (!start.openStdin) this.stdin.end();
    this.ended = this.#live(program);
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Sends a signal to the group, or to its first process alone. */
  signal(number: number, alone = false): void {
    for (const frame of alone ? this.#frames.slice(0, 1) : [...this.#frames]) {
      if (isDeadly(number, frame.dispositions)) frame.controller.abort(new Killed(number));
    }
  }

  /** Asks the process to end, and after the grace ends it. */
  kill(graceMs: number): Promise<ProcessEnd> {
    if (graceMs > 0) this.#ask();
    this.#killAfter(graceMs);
    return this.ended;
  }

  /** The call that started it is over. */
  callEnded(): void {
    this.stdin.end();
    this.output.drop();
    if (this.#over || this.start.detached) return;
    const { killGraceMs } = this.start;
    if (this.terminal !== undefined) {
      this.signal(SIGNALS["HUP"] as number);
      this.#killAfter(killGraceMs || HANG_UP_GRACE_MS);
    } else void this.kill(killGraceMs);
  }

  resize(size: Size): void {
    if (this.terminal === undefined) return;
    this.terminal.size = size;
    this.signal(SIGNALS["WINCH"] as number);
  }

  #ask(): void {
    const { stopSignal } = this.start;
    this.signal(stopSignal || (SIGNALS["TERM"] as number), stopSignal !== 0);
  }

  #killAfter(graceMs: number): void {
    if (graceMs === 0) {
      this.signal(SIGKILL);
      return;
    }
    const timer = setTimeout(() => this.signal(SIGKILL), graceMs);
    void this.ended.then(() => clearTimeout(timer));
  }

  async #live(program: Program): Promise<ProcessEnd> {
    const { timeoutMs, killGraceMs } = this.start;
    const timeout = () => {
      this.#timedOut = true;
      void this.kill(killGraceMs);
    };
    const timer = timeoutMs === undefined ? undefined : setTimeout(timeout, timeoutMs);
    const end = await this.#run(program, this.start.argv, new Map(), "stdout").then(
      (code) => ({ code, signal: 0 }),
      (reason: Killed) => ({ code: 128 + reason.signal, signal: reason.signal }),
    );
    clearTimeout(timer);
    this.#over = true;
    for (const frame of this.#frames.splice(0)) frame.controller.abort(new Killed(SIGKILL));
    this.output.end();
    this.stdin.drop();
    return { ...end, timedOut: this.#timedOut };
  }

  /** @throws {@link Killed} */
  async #run(
    program: Program,
    argv: readonly string[],
    dispositions: Map<number, Disposition>,
    stdoutTo: Output["stream"],
  ): Promise<number> {
    const frame: Frame = { dispositions, controller: new AbortController() };
    this.#frames.push(frame);
    const { promise: killed, reject } = Promise.withResolvers<never>();
    killed.catch(() => {});
    frame.controller.signal.addEventListener("abort", () => reject(frame.controller.signal.reason), { once: true });
    try {
      // Not before the constructor is done: a program is started, not called.
      const exit = Promise.resolve().then(() => program(this.#context(frame, argv, stdoutTo)));
      return (await Promise.race([exit, killed])) & 0xff;
    } catch (error) {
      if (error instanceof Killed) throw error;
      await this.#write(`${argv[0]}: ${error instanceof Error ? error.message : error}\n`, "stderr");
      return 1;
    } finally {
      const index = this.#frames.indexOf(frame);
      if (index >= 0) this.#frames.splice(index, 1);
    }
  }

  #context(frame: Frame, argv: readonly string[], stdoutTo: Output["stream"]): ProgramRun {
    const { env, cwd, uid, gid } = this.start;
    const { signal } = frame.controller;
    const { pid, terminal } = this;
    return {
      ...{ argv, env, cwd, uid, gid, pid, terminal, signal, files: this.#files },
      read: async () => {
        const piece = await this.stdin.read();
        // What a program reads that is over belongs to the next one.
        if (signal.aborted && piece !== undefined) this.stdin.unread(piece);
        signal.throwIfAborted();
        return piece?.data;
      },
      unread: (data) => this.stdin.unread({ data }),
      write: async (output, stream = "stdout") => {
        signal.throwIfAborted();
        await this.#write(output, stream === "stdout" ? stdoutTo : stream);
      },
      on: (number, disposition) => {
        if (disposition === "default") frame.dispositions.delete(number);
        else frame.dispositions.set(number, disposition);
      },
      raise: (number) => this.signal(number),
      run: async (child, to) => {
        const program = this.#find(child, env);
        if (program === undefined) {
          await this.#write(`${argv[0]}: ${child[0]}: not found\n`, "stderr");
          return 127;
        }
        const ignored = [...frame.dispositions].filter(([, disposition]) => disposition === "ignore");
        return await this.#run(program, child, new Map(ignored), to?.stdoutTo ?? stdoutTo).catch(
          (reason: Killed) => 128 + reason.signal,
        );
      },
    };
  }

  async #write(output: string | Uint8Array, stream: Output["stream"]): Promise<void> {
    const data = typeof output === "string" ? Buffer.from(output) : output;
    if (data.length === 0) return;
    if (this.terminal !== undefined) await this.terminal.show(data);
    else await this.output.write({ stream, data });
  }
}
