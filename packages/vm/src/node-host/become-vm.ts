import { closeSync, readFileSync, writeSync } from "node:fs";
import * as v from "valibot";
import { ORDER, REPORT, STARTING } from "./descriptors.ts";
import { EXIT_FAILED, failureOf } from "./failure.ts";
import { enterJail } from "./jail.ts";
import { dieWithParent } from "./libc.ts";
import { findPlaces } from "./places.ts";
import { loadLibrary, replay } from "./replay.ts";
import { parseStartRequest } from "./start-request.ts";

/** What the monitor tells the VM process: who the monitor is, and what it was asked for itself. */
const order = v.object({ monitor: v.number(), request: v.string() });

/** The VM process: does what the monitor was asked for and, in `krun_start_enter`, becomes the VM. */
export function becomeVm(): never {
  try {
    const { monitor, request: line } = v.parse(order, JSON.parse(readFileSync(ORDER, "utf8")));
    closeSync(ORDER);
    dieWithParent();
    // It was gone before the kernel was asked.
    if (process.ppid !== monitor) process.exit(EXIT_FAILED);
    const request = parseStartRequest(line);
    const library = loadLibrary(request);
    const place = findPlaces(request.jail.tree);
    const inForce = enterJail(request.jail);
    const onLast = () => say(`${STARTING}${JSON.stringify(inForce)}`);
    return replay(library, request.calls, { place, onLast });
  } catch (error) {
    say(JSON.stringify(failureOf(error)));
    process.exit(EXIT_FAILED);
  }
}

function say(line: string): void {
  writeSync(REPORT, `${line}\n`);
}
