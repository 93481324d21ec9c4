import { lstatSync, readSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { constants } from "node:os";
import * as v from "valibot";
import { type StartFailure, startFailure } from "../process/exit-record.ts";
import { JAIL_MEASURES, type JailMeasure } from "../process/jail.ts";
import { type Child, startChild } from "./child/child.ts";
import { STARTING } from "./child/child-request.ts";
import { EXIT_CODE, failedBy, step } from "./failure.ts";
import { LogWriter } from "./log/log-writer.ts";
import { STREAMS } from "./log/record.ts";
import { type Ending, endingOf, exitCode, exitRecord } from "./outcome.ts";
import { type Lifeline, openLifeline } from "./request/lifeline.ts";
import { parseStartRequest, type StartRequest } from "./request/start-request.ts";
import { ReservedFile } from "./reserved-file.ts";
import { VmPlace } from "./vm-place.ts";

/** A VM process that reports more than this is not believed. */
const MAX_REPORT_BYTES = 64 * 1024;
/** No pipe of an ordinary user holds more: pipe(7), /proc/sys/fs/pipe-max-size. */
const MAX_PIPE_BYTES = 1024 * 1024;

/** Starts the VM process, waits for what happens to it and leaves a record. Answers the exit code. */
export async function runMonitor(): Promise<number> {
  const startedAt = new Date();
  let request: StartRequest;
  let lifeline: Lifeline;
  try {
    lifeline = await openLifeline();
    request = parseStartRequest(lifeline.line);
  } catch (error) {
    tell(failedBy("spec", "spec", error).failure);
    return EXIT_CODE;
  }
  const ending = await run(request, lifeline, startedAt).catch((error) => {
    const { failure } = failedBy("jail", "monitor", error);
    return { ending: endingOf(failure), record: undefined };
  });
  const outcome = exitRecord(startedAt, new Date(), ending.ending);
  if (ending.record !== undefined) {
    try {
      ending.record.publish(`${JSON.stringify(outcome)}\n`);
    } catch (error) {
      writeSync(2, `vm-host: cannot write ${request.exitPath}: ${String(error)}\n`);
    }
    removeSockets(request.remove);
  }
  say({ event: "ended", exit: outcome });
  if (outcome.failure !== null) tell(outcome.failure);
  return exitCode(outcome);
}

/** Without a record when no place was taken: no socket is this VM's by then, they may be those of the one that is there. */
async function run(
  request: StartRequest,
  lifeline: Lifeline,
  startedAt: Date,
): Promise<{ readonly ending: Ending; readonly record: ReservedFile | undefined }> {
  const { statePath, exitPath } = request;
  const place = statePath === null ? undefined : step("spec", "statePath", () => new VmPlace(statePath));
  const record = step("spec", "exitPath", () => new ReservedFile(exitPath));
  try {
    const log = await LogWriter.open(request.log).catch((error) => {
      throw failedBy("spec", "log.path", error);
    });
    const child = startChild(request, place?.alive);
    return { ending: await new Watch(request, child, log, place, startedAt).untilEnd(lifeline), record };
  } catch (error) {
    return { ending: endingOf(failedBy("jail", "monitor", error).failure), record };
  }
}

/** A VM process that is watched over. */
class Watch {
  readonly #request: StartRequest;
  readonly #child: Child;
  readonly #log: LogWriter;
  readonly #place: VmPlace | undefined;
  readonly #startedAt: Date;
  #asked: Ending["asked"];
  #failure: StartFailure | undefined;
  #started = false;
  #reported = Buffer.alloc(0);

  constructor(request: StartRequest, child: Child, log: LogWriter, place: VmPlace | undefined, startedAt: Date) {
    this.#request = request;
    this.#child = child;
    this.#log = log;
    this.#place = place;
    this.#startedAt = startedAt;
  }

  async untilEnd(lifeline: Lifeline): Promise<Ending> {
    const { process: child, streams, report } = this.#child;
    const sources = [
      { fd: report, take: (chunk: Buffer) => this.#read(chunk) },
      ...STREAMS.map((stream) => ({
        fd: streams[stream],
        take: (chunk: Buffer) => this.#log.take(stream, chunk),
      })),
    ].map((source) => ({ ...source, socket: follow(source.fd, source.take) }));
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#end("stopped"));
    // A detached VM outlives the terminal it was started from.
    process.on("SIGHUP", () => this.#request.detached || this.#end("stopped"));
    void lifeline.gone.then(() => this.#request.detached || this.#end("creator"));
    const ended = await new Promise<Pick<Ending, "code" | "signal">>((resolve, reject) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.once("error", (error) => reject(failedBy("jail", "spawn", error)));
    });
    // What is left in the pipes. Nobody waits for whoever else may hold them.
    for (const { fd, take, socket } of sources) {
      if (!socket.destroyed) drain(fd, take);
      socket.destroy();
    }
    const log = this.#log.finish();
    return { ...ended, asked: this.#asked, failure: this.#failure, fault: this.#log.fault(), log };
  }

  #read(chunk: Buffer): void {
    if (this.#reported.length > MAX_REPORT_BYTES) return;
    this.#reported = Buffer.concat([this.#reported, chunk]);
    for (let end = this.#reported.indexOf("\n"); end >= 0; end = this.#reported.indexOf("\n")) {
      this.#takeReport(this.#reported.toString("utf8", 0, end));
      this.#reported = this.#reported.subarray(end + 1);
    }
  }

  #takeReport(line: string): void {
    if (!line.startsWith(STARTING)) {
      const said = v.safeParse(v.pipe(v.string(), v.parseJson(), startFailure), line);
      if (said.success) this.#failure ??= said.output;
      return;
    }
    const jail = v.safeParse(measures, line.slice(STARTING.length));
    // Once: later it may be a guest that says so, to fill the pipe.
    if (!jail.success || this.#started) return;
    this.#started = true;
    this.#announce(jail.output);
  }

  #announce(jail: readonly JailMeasure[]): void {
    const vmPid = this.#child.process.pid as number;
    try {
      this.#place?.record({ vmPid, startedAt: this.#startedAt.toISOString(), jail: [...jail] });
    } catch (error) {
      // Nobody could find this VM.
      this.#failure = failedBy("spec", "statePath", error).failure;
      this.#end("stopped");
      return;
    }
    say({ event: "starting", pid: vmPid, jail });
  }

  #end(cause: "stopped" | "creator"): void {
    this.#asked ??= cause;
    this.#child.process.kill("SIGKILL");
  }
}

const measures = v.pipe(v.string(), v.parseJson(), v.array(v.picklist(JAIL_MEASURES)));

function follow(fd: number, take: (chunk: Buffer) => void): Socket {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on("error", () => {});
  return socket.on("data", take);
}

/** Everything that is in a pipe now: who may still write into it is not waited for. */
function drain(fd: number, take: (chunk: Buffer) => void): void {
  const chunk = Buffer.alloc(MAX_PIPE_BYTES);
  try {
    for (let left = MAX_PIPE_BYTES, n = 1; n > 0 && left > 0; left -= n) {
      n = readSync(fd, chunk, 0, left, null);
      take(Buffer.from(chunk.subarray(0, n)));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno !== -constants.errno.EAGAIN) throw error;
  }
}

/** One event on stdout. The starter may have closed its end; the VM does not depend on it. */
function say(event: object): void {
  tryWrite(1, event);
}

function tell(failure: StartFailure): void {
  tryWrite(2, failure);
}

function tryWrite(fd: number, line: object): void {
  try {
    writeSync(fd, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody listens.
  }
}

/** Only sockets: a path that is something else by now is not ours to delete. */
function removeSockets(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      if (lstatSync(path).isSocket()) rmSync(path, { force: true });
    } catch {
      // It is not there.
    }
  }
}
