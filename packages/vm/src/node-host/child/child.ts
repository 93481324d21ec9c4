import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { NODE_FLAGS } from "../../native/vm-host-command.ts";
import { step } from "../failure.ts";
import { unsupportedFailure, unsupportedMeasures, wantedMeasures } from "../jail/measures.ts";
import { findNamespaces } from "../jail/namespaces.ts";
import { STREAMS, type Stream } from "../log/record.ts";
import { forbidNewPrivileges, pipe } from "../posix.ts";
import type { StartRequest } from "../request/start-request.ts";
import { type ChildRequest, DESCRIPTORS } from "./child-request.ts";

/** vm-process.js lies beside vm-host.js. */
const PROGRAM = join(import.meta.dirname, "vm-process.js");

/** V8 makes no machine code: the filter of system calls lets no memory become executable. */
const NO_CODE = "--jitless";

/** The VM process, and the read ends of its pipes. */
export interface Child {
  readonly process: ChildProcess;
  readonly streams: Readonly<Record<Stream, number>>;
  readonly report: number;
}

/** Starts the VM process, without waiting for anything. `alive`: the FIFO of its state. @throws StartFailed */
export function startChild(request: StartRequest, alive: number | undefined): Child {
  const user = process.geteuid?.() ?? 0;
  const wanted = wantedMeasures(request.jail);
  const unsupported = unsupportedMeasures(user);
  const impossible = wanted.filter((measure) => unsupported[measure] !== undefined);
  if (request.jail.mode === "required" && impossible.length > 0) throw unsupportedFailure(impossible);

  const namespaces = findNamespaces(request.jail.network, user);
  // Of this thread, from which every thread of the VM process will have it.
  step("jail", "no-new-privileges", forbidNewPrivileges);
  const inForce = [...namespaces.measures, "no-new-privileges" as const];
  const lost = namespaces.refusal === undefined ? [] : wanted.filter((measure) => LOST_WITHOUT_NAMESPACES.has(measure));
  const missing = Object.fromEntries([
    ...impossible.map((measure) => [measure, unsupported[measure]]),
    ...lost.filter((measure) => !impossible.includes(measure)).map((measure) => [measure, namespaces.refusal]),
  ]) as ChildRequest["missing"];
  return spawnChild(namespaces.command, alive, {
    libkrun: request.libkrun,
    libkrunfw: request.libkrunfw,
    calls: request.calls,
    jail: request.jail,
    monitor: process.pid,
    inForce,
    missing,
  });
}

const LOST_WITHOUT_NAMESPACES: ReadonlySet<string> = new Set([
  "user-namespace",
  "mount-namespace",
  "ipc-namespace",
  "uts-namespace",
  "network-namespace",
  "private-tree",
]);

function spawnChild(prefix: readonly string[], alive: number | undefined, request: ChildRequest): Child {
  const pipes = step("jail", "pipe", () => ({ console: pipe(), stdout: pipe(), stderr: pipe(), report: pipe() }));
  const nothing = openSync("/dev/null", constants.O_RDONLY);
  const [command = "", ...args] = [...prefix, process.execPath, ...NODE_FLAGS, NO_CODE, PROGRAM];
  const console = pipes.console.writeEnd;
  const child = spawn(command, args, {
    // In the order of DESCRIPTORS.
    stdio: [
      ...["ignore", console, "inherit", nothing, console, pipes.report.writeEnd, pipes.stdout.writeEnd],
      ...[pipes.stderr.writeEnd, alive ?? "ignore", "pipe"],
    ] as never,
    // A session of its own: the terminal's signals are for the monitor.
    detached: true,
    cwd: "/",
    env: loaderEnvironment(),
  });
  for (const { writeEnd } of Object.values(pipes)) closeSync(writeEnd);
  closeSync(nothing);
  const input = (child.stdio as readonly unknown[])[DESCRIPTORS.request] as Writable | undefined;
  // Whoever does not read its request ends, and that is seen.
  input?.on("error", () => {});
  input?.end(JSON.stringify(request));
  const streams = Object.fromEntries(STREAMS.map((stream) => [stream, pipes[stream].readEnd]));
  return { process: child, streams: streams as Record<Stream, number>, report: pipes.report.readEnd };
}

/** The loader reads it before the process clears its environment. */
function loaderEnvironment(): NodeJS.ProcessEnv {
  const path = process.env["LD_LIBRARY_PATH"];
  return path === undefined ? {} : { LD_LIBRARY_PATH: path };
}
