import type { Socket } from "node:net";
import { parseFailureLine, type StartFailure } from "../process/exit-record.ts";
import { STARTING } from "./descriptors.ts";
import type { Ending } from "./ending.ts";
import { attempt, failureOf } from "./failure.ts";
import type { Lifeline } from "./lifeline.ts";
import { LogWriter } from "./log/log-writer.ts";
import { STREAMS } from "./log/record.ts";
import { say } from "./say.ts";
import type { StartRequest } from "./start-request.ts";
import type { StatePlace } from "./state-place.ts";
import { startVm } from "./vm-process.ts";

/** A VM process that reports more than this is not believed. */
const MAX_REPORT_BYTES = 64 * 1024;

/** Starts the VM process and waits until it is gone: for its own end, a signal, or that of the starter. @throws HostFailure */
export async function supervise(
  request: StartRequest,
  options: { readonly lifeline: Lifeline; readonly place: StatePlace | undefined; readonly startedAt: Date },
): Promise<Ending> {
  const { lifeline, place, startedAt } = options;
  const log = attempt("spec", "log.path", () => new LogWriter(request.log.path, request.log));
  const vm = await startVm(lifeline.line, place?.alive);
  let asked: Ending["asked"];
  const end = (cause: NonNullable<Ending["asked"]>) => {
    asked ??= cause;
    vm.kill();
  };
  for (const stream of STREAMS) vm[stream].on("data", (chunk: Buffer) => log.take(stream, chunk));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    // A detached VM outlives the terminal it was started from.
    process.on(signal, () => (signal === "SIGHUP" && request.detached ? undefined : end("stopped")));
  }
  void lifeline.gone.then(() => (request.detached ? undefined : end("creator")));

  let failure: StartFailure | undefined;
  let announced: Promise<void> | undefined;
  const announce = async (measures: string) => {
    const jail: unknown = JSON.parse(measures);
    try {
      await place?.record({ vmPid: vm.pid, startedAt, jail });
      say({ event: "starting", pid: vm.pid, jail });
    } catch (error) {
      // Nobody could find this VM.
      failure ??= failureOf(error, "statePath");
      end("stopped");
    }
  };
  eachReport(vm.report, (line) => {
    // Once: later it may be a guest that says so.
    if (line.startsWith(STARTING)) announced ??= announce(line.slice(STARTING.length));
    else failure ??= parseFailureLine(line);
  });
  const ended = await vm.ended;
  await announced;
  return { ended, asked, failure, log: log.finish() };
}

function eachReport(report: Socket, take: (line: string) => void): void {
  let begun = "";
  report.setEncoding("utf8");
  report.on("data", (chunk: string) => {
    const lines = (begun + chunk).split("\n");
    begun = (lines.pop() ?? "").slice(0, MAX_REPORT_BYTES);
    for (const line of lines) take(line);
  });
}
