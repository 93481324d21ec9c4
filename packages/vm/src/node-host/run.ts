import { lstatSync, rmSync } from "node:fs";
import type { ExitRecord } from "../process/exit-record.ts";
import { exitRecord, failedStart } from "./ending.ts";
import { attempt, EXIT_FAILED, failureOf } from "./failure.ts";
import { type Lifeline, readLifeline } from "./lifeline.ts";
import { ReservedFile } from "./reserved-file.ts";
import { say, tell } from "./say.ts";
import { parseStartRequest, type StartRequest } from "./start-request.ts";
import { StatePlace } from "./state-place.ts";
import { supervise } from "./supervise.ts";

const LIFELINE = 3;

/** The monitor: becomes what its starter asks for, and leaves a record of the end. @returns the exit code */
export async function run(): Promise<number> {
  const startedAt = new Date();
  let lifeline: Lifeline;
  let request: StartRequest;
  try {
    lifeline = await readLifeline(LIFELINE);
    request = parseStartRequest(lifeline.line);
  } catch (error) {
    tell(failureOf(error));
    return EXIT_FAILED;
  }
  const record = await superviseRecorded(request, lifeline, startedAt);
  say({ event: "ended", exit: record });
  if (record.failure !== null) tell(record.failure);
  return record.code ?? 128 + (record.signal ?? 0);
}

async function superviseRecorded(request: StartRequest, lifeline: Lifeline, startedAt: Date): Promise<ExitRecord> {
  const { statePath, exitPath } = request;
  let place: StatePlace | undefined;
  let reserved: ReservedFile;
  try {
    // A VM that is there already is left alone, its record of the end included.
    place = statePath === null ? undefined : attempt("spec", "statePath", () => new StatePlace(statePath));
    reserved = attempt("spec", "exitPath", () => new ReservedFile(exitPath));
  } catch (error) {
    // No socket is this VM's by now: they may be those of the one that is there.
    return exitRecord(failedStart(failureOf(error)), startedAt, new Date());
  }
  const ending = await supervise(request, { lifeline, place, startedAt }).catch((error: unknown) =>
    failedStart(failureOf(error)),
  );
  const record = exitRecord(ending, startedAt, new Date());
  await reserved.publish(`${JSON.stringify(record)}\n`).catch((error: unknown) => {
    process.stderr.write(`vm-host: cannot write ${exitPath}: ${error}\n`);
  });
  removeSockets(request.remove);
  return record;
}

/** Only sockets: a path that is something else by now is not ours to delete. */
function removeSockets(paths: readonly string[]): void {
  for (const path of paths) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path, { force: true });
  }
}
