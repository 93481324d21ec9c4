import { filterSystemCalls } from "../../posix.ts";
import type { StartRequest } from "../../request/start-request.ts";
import { compile, encode } from "./program.ts";
import { type Architecture, vmRules } from "./rules.ts";

/** seccomp(2). */
const SECCOMP: Readonly<Record<Architecture, number>> = { x64: 317, arm64: 277 };

/** Whether the calls of an architecture are known, as Node.js names it. */
export function isKnown(architecture: string): architecture is Architecture {
  return Object.hasOwn(SECCOMP, architecture);
}

/**
 * From now on no thread of this process can make another system call than those of a VM: whoever does, ends the process by SIGSYS.
 * Threads of Node.js stand still by then, or wait for the main one, which is about to be libkrun's for good.
 */
export function allowCallsOfVm(network: StartRequest["jail"]["network"]): void {
  const { arch, pid } = process;
  if (!isKnown(arch)) throw new Error(`the system calls of ${arch} are not known here`);
  filterSystemCalls(SECCOMP[arch], encode(compile(arch, vmRules(arch, network, pid))));
}
