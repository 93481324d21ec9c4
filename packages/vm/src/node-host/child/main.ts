/** The VM process of the executor in Node.js: it builds its jail, replays the calls and, in `krun_start_enter`, becomes the VM. */
import { closeSync, readFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { openLibkrun } from "../../libkrun/binding.ts";
import { EXIT_CODE, failed, failedBy } from "../failure.ts";
import { Measures } from "../jail/measures.ts";
import { type Places, placesOfHost, placesOfTree } from "../jail/places.ts";
import { allowCallsOfVm } from "../jail/seccomp/filter.ts";
import { buildTree, leaveHost, protect } from "../jail/tree.ts";
import { clearEnvironment, defaultAction, dieWithParent, RLIMIT, raiseLimit, setLimit } from "../posix.ts";
import { type ChildRequest, DESCRIPTORS } from "./child-request.ts";
import { allowCopyUp } from "./copy-up.ts";
import { replay } from "./replay.ts";

/** Threads: 16 vCPUs, a few for each of at most 16 devices, and those of Node.js. */
const MAX_THREADS = 256n;

try {
  dieWithParent();
  const request = readRequest();
  // A monitor that is gone before the call takes effect is noticed by the changed parent.
  if (process.ppid !== request.monitor) process.exit(EXIT_CODE);
  for (const signal of ["SIGSEGV", "SIGBUS", "SIGFPE"] as const) defaultAction(constants.signals[signal]);
  await becomeVm(request);
} catch (error) {
  writeSync(DESCRIPTORS.report, `${JSON.stringify(failedBy("jail", "vm-process", error).failure)}\n`);
  process.exit(EXIT_CODE);
}

function readRequest(): ChildRequest {
  const text = readFileSync(DESCRIPTORS.request, "utf8");
  closeSync(DESCRIPTORS.request);
  return JSON.parse(text) as ChildRequest;
}

async function becomeVm({ libkrun, libkrunfw, calls, jail, inForce, missing }: ChildRequest): Promise<never> {
  const measures = new Measures(jail.mode, inForce, missing);
  // Loaded outside the jail: inside there are no libraries.
  const krun = await openLibkrun({ libkrun, libkrunfw: libkrunfw ?? libkrun, source: "system" }).catch((error) => {
    const path = error.details?.path ?? libkrun;
    throw failed("load", String(path), error.message);
  });
  try {
    allowCopyUp(libkrun);
  } catch (error) {
    // Only a guest that lays an overlay over a share misses it, and it says so itself.
    writeSync(2, `vm-host: overlays will not work in the guest: ${String(error)}\n`);
  }
  clearEnvironment();
  measures.take("resource-limits", () => limitResources(measures.has("user-namespace")));
  const places = enterTree(jail, measures);
  measures.take("system-call-filter", () => allowCallsOfVm(jail.network));
  for (const sentence of measures.missing) writeSync(2, `vm-host: ${sentence}\n`);
  replay(calls, krun, { places, inForce: measures.inForce });
}

/** `ownUsers`: Linux counts the threads apart from the user's other processes (since 5.14). */
function limitResources(ownUsers: boolean): void {
  // The guest's memory must not end up in a file.
  setLimit(RLIMIT.CORE, 0n);
  if (ownUsers) setLimit(RLIMIT.NPROC, MAX_THREADS);
  // virtio-fs holds one descriptor for each inode that the guest knows.
  raiseLimit(RLIMIT.NOFILE);
}

function enterTree(jail: ChildRequest["jail"], measures: Measures): Places {
  if (!measures.has("mount-namespace")) return placesOfHost(jail);
  protect(jail.readOnly);
  buildTree(jail.tree);
  measures.take("private-tree", () => leaveHost(jail.mode));
  return placesOfTree;
}
