import { rm } from "node:fs/promises";
import { raceSignal, startDeadline } from "@a3s/core";
import { type LibkrunFiles, locateLibkrun } from "../libkrun/locate.ts";
import { logNumbers, removeLog } from "../log/log-files.ts";
import { locateVmHost } from "../native/programs.ts";
import { parseVmSpec } from "../spec/parse-vm-spec.ts";
import type { VmSpec } from "../spec/vm-spec.ts";
import { checkDisks } from "./check-disks.ts";
import type { JailMode } from "./jail.ts";
import { LaunchedVm } from "./launched-vm.ts";
import { Monitor } from "./monitor.ts";
import { startDocument } from "./start-document.ts";
import { startError } from "./start-error.ts";
import { parseVmFiles } from "./vm-files.ts";
import type { VmProcess } from "./vm-process.ts";
import { alivePath } from "./vm-state.ts";

/** Time from the start of vm-host to the start of the guest's kernel, in milliseconds. */
export const DEFAULT_START_TIMEOUT_MS = 30_000;

/** Options of {@link launchVm}. */
export interface LaunchOptions {
  /**
   * Where the log goes: to files named after the absolute `path`, `PATH.000001` and up. Each has at most `maxBytes` (128 KiB up, 10 MiB
   * by default), and at most `files` of them are kept (2 to 100, 5 by default). {@link readVmLog} reads it.
   */
  readonly log: { readonly path: string; readonly maxBytes?: number | undefined; readonly files?: number | undefined };
  /** Absolute path of the record of the VM's end; one that is there is replaced. */
  readonly exitPath: string;
  /**
   * Absolute path for the record of who the VM is, by which {@link attachVm} finds it from another process; a FIFO lies beside it, at
   * `PATH.alive`. No other VM can be launched with the same path while this one runs. None by default.
   */
  readonly statePath?: string | undefined;
  /** Ends the start, not the VM that was started. */
  readonly signal?: AbortSignal | undefined;
  /** {@link DEFAULT_START_TIMEOUT_MS} by default. */
  readonly timeoutMs?: number | undefined;
  /** Whether the VM outlives this process; by default it ends with it, however it ends. */
  readonly detached?: boolean | undefined;
  /** What to do where the system does not allow a measure of the jail; `required` by default. */
  readonly jail?: JailMode | undefined;
  /** What {@link locateLibkrun} finds, by default. */
  readonly libraries?: LibkrunFiles | undefined;
  /** Absolute path of vm-host; what is installed, by default. */
  readonly vmHost?: string | undefined;
}

/**
 * Starts a VM. Resolves when everything is set up and only the guest's own boot is left; what goes wrong later ends
 * {@link VmProcess.exited}. A start that is aborted leaves nothing behind, one that fails leaves its log and record.
 *
 * @throws VmError `VM_SPEC_INVALID`, `LIBKRUN_MISSING`, `LIBKRUN_TOO_OLD`, `LIBKRUN_FEATURE_MISSING`, `VM_HOST_MISSING`, `VM_START_FAILED`; the signal's reason when aborted.
 */
export async function launchVm(spec: VmSpec, options: LaunchOptions): Promise<VmProcess> {
  const checked = parseVmSpec(spec);
  const files = parseVmFiles({ log: options.log, exitPath: options.exitPath, statePath: options.statePath });
  await checkDisks(checked.disks);
  const { signal, timeoutMs = DEFAULT_START_TIMEOUT_MS, detached = false, jail = "required" } = options;
  const libraries = options.libraries ?? (await locateLibkrun());
  const vmHost = options.vmHost ?? (await locateVmHost());
  const logExisted = (await logNumbers(files.log.path)).length > 0;
  // A record of an earlier VM must not be taken for this one's.
  await rm(files.exitPath, { force: true });

  using deadline = startDeadline({ timeoutMs, what: "The start of the VM", signal });
  deadline.signal.throwIfAborted();
  const vm = new LaunchedVm(await startMonitor(vmHost, detached), checked, files);
  vm.become(startDocument(checked, { ...files, libraries, detached, jail }));
  try {
    await raceSignal(vm.starting(), deadline.signal);
  } catch (reason) {
    await vm.kill();
    if (!deadline.signal.aborted || reason !== deadline.signal.reason) throw reason;
    if (!signal?.aborted) {
      throw startError(undefined, await vm.evidence(), { how: `it took longer than ${timeoutMs} ms`, cause: reason });
    }
    await rm(files.exitPath, { force: true });
    if (files.statePath !== null) await removeState(files.statePath);
    if (!logExisted) await removeLog(files.log.path);
    throw reason;
  }
  if (detached) vm.release();
  return vm;
}

async function startMonitor(vmHost: string, detached: boolean): Promise<Monitor> {
  try {
    return await Monitor.start(vmHost, { detached });
  } catch (cause) {
    const how = `vm-host cannot be run at ${vmHost}`;
    throw startError(undefined, { stderrTail: "", consoleTail: "" }, { how, cause });
  }
}

async function removeState(path: string): Promise<void> {
  for (const each of [path, alivePath(path)]) await rm(each, { force: true });
}
