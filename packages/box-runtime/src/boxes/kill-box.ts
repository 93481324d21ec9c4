import type { LinuxSignal } from "@a3s/agent-client";
import { BoxError, LINUX_SIGNALS, parseSignal, raceSignal } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { boxProcess } from "../plan/box-process.ts";
import { noteHalt } from "./box-halt.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";

/** What a guest may take to end its main process, and then itself, before it is ended from outside, in ms. */
const PATIENCE_MS = 5000;

/**
 * Sends a signal to the main process. After SIGKILL the VM ends, by itself or from outside. It needs no lock: the record is not written, and
 * who waits for a stop may well lose patience. SIGKILL and the box's stop signal ask for its end.
 */
export async function killBox(
  place: BoxPlace,
  record: BoxRecord,
  vm: AttachedVm,
  signalName: LinuxSignal | number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadly = signalName === "SIGKILL" || signalName === 9;
  if (deadly || isStopSignal(record, signalName)) await noteHalt(place, record);
  if (record.main === null && deadly) {
    await vm.kill();
    return;
  }
  const { connectAgent } = await import("@a3s/agent-client");
  await using agent = connectAgent({ socketPath: vmPaths(place.home, record.id).agentSocket });
  const patience = deadly ? AbortSignal.timeout(PATIENCE_MS) : signal;
  try {
    await agent.processes.signal("main", signalName, { signal: patience });
    if (deadly) await raceSignal(vm.exited, patience);
  } catch (error) {
    if (!deadly || (error instanceof BoxError && error.code === "EXEC_INVALID")) throw error;
    await vm.kill();
  }
}

function isStopSignal({ image, config }: BoxRecord, signalName: LinuxSignal | number): boolean {
  return numberOf(signalName) === numberOf(boxProcess(image.process, config).stopSignal ?? "SIGTERM");
}

/** NaN, which is no other's, for what is no signal. */
function numberOf(signal: string | number): number {
  const parsed = parseSignal(String(signal).replace(/^SIG(?=\d)/, ""));
  return (typeof parsed === "string" ? LINUX_SIGNALS[parsed as keyof typeof LINUX_SIGNALS] : parsed) ?? Number.NaN;
}
