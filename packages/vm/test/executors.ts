import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type JailMeasure, type JailMode, locateVmHost, nodeVmHost } from "../src/index.ts";
import { vmHostCommand } from "../src/native/vm-host-command.ts";

/** A program that speaks native/vm-host/PROTOCOL.md, and what it can do by its nature. All are held to the same tests. */
export interface Executor {
  readonly name: string;
  /** To be given to `launchVm`. */
  readonly options: { readonly vmHost: string; readonly jail: JailMode };
  /** The measures of its jail, where the system allows all of them. */
  readonly measures: readonly JailMeasure[];
  /** Whether it runs a guest to find out what /dev/kvm is worth. */
  readonly runsProbeGuest: boolean;
  /** How the thread of libkrun's devices is scheduled, as linux/sched.h numbers it (docs/decisions/0038). */
  readonly devicesPolicy: number;
  /** In which time it has made all calls but the last, in ms, on a busy machine. */
  readonly startsWithinMs: number;
  /** Starts and ends that are looked at for leftovers: it takes a tenth of a second or a thousandth for each. */
  readonly cycles: number;
}

/** linux/sched.h. */
export const SCHED = { OTHER: 0, BATCH: 3 } as const;

const NAMESPACES = ["mount-namespace", "ipc-namespace", "uts-namespace", "network-namespace"] as const;

export const NATIVE: Executor = {
  name: "the native vm-host",
  options: { vmHost: await locateVmHost(), jail: "required" },
  measures: [
    ...(["user-namespace", ...NAMESPACES, "resource-limits", "private-tree"] as const),
    ...(["few-capabilities", "no-new-privileges", "system-call-filter"] as const),
  ],
  runsProbeGuest: true,
  devicesPolicy: SCHED.BATCH,
  startsWithinMs: 500,
  cycles: 30,
};

export const NODE: Executor = {
  name: "the vm-host for Node.js",
  options: { vmHost: nodeVmHost(), jail: "best-effort" },
  measures: [
    // Root gets no user namespace from it: decision 15.
    ...(process.geteuid?.() === 0 ? [] : (["user-namespace"] as const)),
    ...([...NAMESPACES, "resource-limits", "private-tree", "no-new-privileges", "system-call-filter"] as const),
  ],
  runsProbeGuest: false,
  devicesPolicy: SCHED.OTHER,
  startsWithinMs: 5000,
  cycles: 10,
};

export const executors: readonly Executor[] = [NATIVE, NODE];

/** Runs it with arguments, and answers what it says. */
export async function runVmHost({ options }: Executor, ...args: readonly string[]): Promise<string> {
  const { command, args: before } = vmHostCommand(options.vmHost);
  return (await promisify(execFile)(command, [...before, ...args])).stdout;
}
