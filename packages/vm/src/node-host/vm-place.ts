import { constants, fstatSync, openSync } from "node:fs";
import { constants as system } from "node:os";
import { makeFifo, tryFlock } from "@a3s/core";
import { readIdentity } from "../process/identity.ts";
import { alivePath, type VmState } from "../process/vm-state.ts";
import { failedWith } from "./failure.ts";
import { writeSynced } from "./reserved-file.ts";

const { O_RDWR, O_NONBLOCK, O_NOFOLLOW } = constants;

/**
 * What lets others find a VM that runs, and know when it does not any more: native/vm-host/PROTOCOL.md, "State".
 */
export class VmPlace {
  readonly #path: string;
  /** The FIFO: held open by both processes, and never written to. */
  readonly alive: number;

  /** Takes the place. @throws StartFailed with EBUSY when a VM has it */
  constructor(path: string) {
    this.#path = path;
    const fifo = alivePath(path);
    makeFifo(fifo);
    // For reading as well: opened for writing alone, a FIFO without a reader is an error.
    this.alive = openSync(fifo, O_RDWR | O_NONBLOCK | O_NOFOLLOW);
    if (!fstatSync(this.alive).isFIFO()) throw failedWith("spec", "statePath", system.errno.EEXIST);
    if (!tryFlock({ fd: this.alive })) throw failedWith("spec", "statePath", system.errno.EBUSY);
  }

  /** Readers see an earlier record, none, or this one whole. */
  record(vm: Pick<VmState, "vmPid" | "startedAt" | "jail">): void {
    const own = readIdentity(process.pid);
    if (own === undefined) throw new Error("/proc does not know this process");
    const state: VmState = { version: 1, ...own, ...vm };
    writeSynced(this.#path, `${JSON.stringify(state)}\n`);
  }
}
