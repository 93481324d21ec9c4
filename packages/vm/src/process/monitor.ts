import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex, Readable } from "node:stream";
import { vmHostCommand } from "../native/vm-host-command.ts";
import { type ProcessIdentity, readIdentity } from "./identity.ts";
import { loaderEnvironment } from "./loader-environment.ts";
import { climb } from "./stop-ladder.ts";
import { TailBuffer } from "./tail.ts";

/** How a process ended, as Node reports it. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Longest line that vm-host may report on its stdout. */
const MAX_REPORT_BYTES = 64 * 1024;

/** The vm-host process: started, spoken to, and ended. What it says means nothing here. */
export class Monitor {
  readonly pid: number;
  readonly identity: ProcessIdentity;
  /** The first line on its stdout; undefined when it ended without one. */
  readonly report: Promise<string | undefined>;
  /** The last whole line on its stdout, up to now. */
  lastLine = "";
  /** After it ended and nobody holds its stdout and stderr any more: then the VM process, too, is gone. */
  readonly closed: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  readonly #stderr = new TailBuffer();

  private constructor(child: ChildProcess, pid: number, identity: ProcessIdentity) {
    this.#child = child;
    this.pid = pid;
    this.identity = identity;
    child.stderr?.on("data", (chunk: Buffer) => this.#stderr.add(chunk));
    this.report = new Promise((resolve) => {
      eachLine(child.stdout as Readable, (line) => {
        this.lastLine = line;
        resolve(line);
      });
      child.stdout?.once("close", () => resolve(undefined));
    });
    // Not events.once(): that would take a signal that could not be sent (`error`) for the end.
    this.closed = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  }

  /** Starts `program run`, in a session of its own: Ctrl-C in the creator's terminal must not end a VM behind its back. */
  static async start(program: string, options: { readonly detached: boolean }): Promise<Monitor> {
    const { command, args } = vmHostCommand(program);
    const child = spawn(command, [...args, "run"], {
      // A detached VM outlives whoever could read its stderr; exit.json says all that it would.
      stdio: ["ignore", "pipe", options.detached ? "ignore" : "pipe", "pipe"],
      detached: true,
      cwd: "/",
      env: loaderEnvironment(),
    });
    if (child.pid === undefined) {
      const [error] = await once(child, "error");
      throw error;
    }
    // An error after the start is a signal that could not be sent, to a process that is not ours any more.
    child.on("error", () => {});
    // It waits for its specification, so it cannot have ended by now.
    const identity = readIdentity(child.pid) ?? { pid: child.pid, startTime: "0", executable: command };
    return new Monitor(child, child.pid, identity);
  }

  /** Hands over the specification. The descriptor stays open: its end tells vm-host that its creator is gone. */
  send(line: string): void {
    const lifeline = this.#child.stdio[3] as Duplex;
    // Whoever does not read its specification ends, and `closed` says so.
    lifeline.on("error", () => {});
    lifeline.resume();
    lifeline.write(`${line}\n`);
  }

  /** The creator may end, and its event loop run dry, without waiting for the process. */
  release(): void {
    for (const stream of this.#child.stdio) (stream as Partial<Duplex> | null)?.destroy?.();
    this.#child.unref();
  }

  get stderrTail(): string {
    return this.#stderr.text;
  }

  /** Ends it: SIGTERM, by which it ends the VM and leaves its record; SIGKILL when it has not within `graceMs`. */
  async end(graceMs: number, signal?: AbortSignal): Promise<ProcessEnd> {
    const send = (name: "SIGTERM" | "SIGKILL") => () => void this.#child.kill(name);
    return await climb({ terminate: send("SIGTERM"), kill: send("SIGKILL"), ended: this.closed, graceMs, signal });
  }
}

/** What is longer than a report is cut. */
function eachLine(stream: Readable, take: (line: string) => void): void {
  let begun = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const [first = "", ...more] = chunk.split("\n");
    begun = (begun + first).slice(0, MAX_REPORT_BYTES);
    for (const next of more) {
      take(begun);
      begun = next.slice(0, MAX_REPORT_BYTES);
    }
  });
}
