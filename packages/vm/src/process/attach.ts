import { rm } from "node:fs/promises";
import { VmError } from "../errors/vm-error.ts";
import { readConsoleTail } from "../log/console-tail.ts";
import type { VmLogEntry } from "../log/log-entry.ts";
import { readVmLog, type VmLogOptions } from "../log/read-log.ts";
import { readExitRecord } from "./exit-record.ts";
import { type ProcessIdentity, readIdentity } from "./identity.ts";
import type { JailMeasure } from "./jail.ts";
import { type Liveness, watchLiveness } from "./liveness.ts";
import { signalProcess } from "./pidfd.ts";
import type { VmEvidence } from "./start-error.ts";
import { climb } from "./stop-ladder.ts";
import { judgeExit, type VmExit } from "./vm-exit.ts";
import { parseVmFiles, type VmFiles } from "./vm-files.ts";
import { STOP_GRACE_MS, type StopOptions, type VmProcess } from "./vm-process.ts";
import { alivePath, readVmState, type VmState } from "./vm-state.ts";

/** Where a VM was told to leave its traces, as it was launched with. */
export interface AttachOptions {
  /** Absolute path of the record of who it is. */
  readonly statePath: string;
  /** Where its log is. */
  readonly log: { readonly path: string };
  /** Absolute path of the record of its end. */
  readonly exitPath: string;
}

/** A VM that another process started. */
export interface AttachedVm extends VmProcess {
  /** Whether it ran when it was attached to; `exited` says when it has ended since. */
  readonly running: boolean;
  /** When it was started; ISO 8601. */
  readonly startedAt: string;
  /** Lets go of the VM: it runs on, and this process does not wait for it any more. `exited` stays pending then. */
  release(): void;
}

/**
 * Takes hold of a VM that another process started with `statePath`, running or not. Paths come from the caller, never
 * from what is found there. Of a VM whose monitor was killed, `exited` says so and guesses nothing.
 *
 * The handle is released when the VM has ended, by `release()`, and by disposal, which ends the VM.
 *
 * @throws VmError `VM_STATE_MISSING`; `VM_STATE_INVALID` for a record that others may have written; `VM_IDENTITY_MISMATCH` when the pid
 *   in it belongs to another process by now; `VM_SPEC_INVALID` for a path that is not absolute
 */
export async function attachVm(options: AttachOptions): Promise<AttachedVm> {
  const files = parseVmFiles(options);
  const { statePath } = options;
  const state = await readVmState(statePath);
  const liveness = watchLiveness(alivePath(statePath));
  const { pid, startTime, executable } = state;
  // A monitor that was killed is gone a moment before the VM, which goes with it.
  const found = liveness && readIdentity(pid);
  if (found !== undefined && (found.startTime !== startTime || found.executable !== executable)) {
    liveness?.[Symbol.dispose]();
    throw new VmError({
      code: "VM_IDENTITY_MISMATCH",
      message: `The record at ${statePath} names process ${pid}, which is another one by now`,
      hint: "The VM is alive, but its record is not its own; nothing was signalled.",
      details: { pid, startTime, executable },
    });
  }
  return new ForeignVm(state, files, liveness);
}

class ForeignVm implements AttachedVm {
  readonly identity: ProcessIdentity;
  readonly vmPid: number;
  readonly running: boolean;
  readonly startedAt: string;
  readonly jail: readonly JailMeasure[];
  readonly exited: Promise<VmExit>;
  readonly #files: VmFiles;
  readonly #liveness: Liveness | undefined;

  constructor(
    { pid, startTime, executable, vmPid, startedAt, jail }: VmState,
    files: VmFiles,
    liveness: Liveness | undefined,
  ) {
    this.identity = { pid, startTime, executable };
    this.vmPid = vmPid;
    this.running = liveness !== undefined;
    this.startedAt = startedAt;
    this.jail = jail;
    this.#files = files;
    this.#liveness = liveness;
    this.exited = (liveness?.gone ?? Promise.resolve()).then(async () => {
      liveness?.[Symbol.dispose]();
      const record = await readExitRecord(files.exitPath);
      // A record of another run is none of this VM.
      const own = record?.startedAt === startedAt ? record : undefined;
      if (own === undefined) await rm(`${files.exitPath}.tmp`, { force: true });
      return judgeExit({ code: null, signal: null }, own);
    });
  }

  async stop({ graceMs = STOP_GRACE_MS, signal }: StopOptions = {}): Promise<VmExit> {
    const send = (name: "SIGTERM" | "SIGKILL") => () => void signalProcess(this.identity, name);
    return await climb({ terminate: send("SIGTERM"), kill: send("SIGKILL"), ended: this.exited, graceMs, signal });
  }

  async kill(options: Pick<StopOptions, "graceMs"> = {}): Promise<VmExit> {
    return await this.stop(options);
  }

  logs(options: VmLogOptions = {}): AsyncIterable<VmLogEntry> {
    return readVmLog(this.#files.log.path, { ...options, until: this.exited });
  }

  async evidence(): Promise<VmEvidence> {
    return { stderrTail: "", consoleTail: await readConsoleTail(this.#files.log.path) };
  }

  release(): void {
    this.#liveness?.[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
