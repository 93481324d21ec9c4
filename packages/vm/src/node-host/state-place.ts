import { constants, fstatSync, openSync } from "node:fs";
import { makeFifo, tryFlock, writeFileAtomic } from "@a3s/core";
import { readIdentity } from "../process/identity.ts";
import { alivePath } from "../process/vm-state.ts";
import { fault, systemFault } from "./failure.ts";

/** errno.h */
const EBUSY = 16;

/** What lets others find a VM that runs, and know when it does not any more: native/vm-host/PROTOCOL.md, "State". */
export class StatePlace {
  readonly #path: string;
  /** The FIFO, open for as long as this process lives; the VM process has it, too. */
  readonly alive: number;

  /** Takes the place. @throws HostFailure with EBUSY when a VM has it */
  constructor(path: string) {
    this.#path = path;
    const fifo = alivePath(path);
    makeFifo(fifo);
    // For reading as well: opened for writing alone, a FIFO without a reader is an error.
    this.alive = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (!fstatSync(this.alive).isFIFO()) throw fault("spec", "statePath", `${fifo} is no FIFO`);
    if (!tryFlock({ fd: this.alive })) throw systemFault("spec", "statePath", EBUSY);
  }

  /** Readers see an earlier record, none, or this one whole. */
  async record(vm: { readonly vmPid: number; readonly startedAt: Date; readonly jail: unknown }): Promise<void> {
    const identity = readIdentity(process.pid);
    if (identity === undefined) throw fault("spec", "statePath", "/proc is not there");
    const record = { version: 1, ...identity, ...vm, startedAt: vm.startedAt.toISOString() };
    await writeFileAtomic(this.#path, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  }
}
