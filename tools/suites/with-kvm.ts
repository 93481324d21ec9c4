import { KvmHostError, type KvmHostErrorCode } from "../kvm-host/errors.ts";
import { runInKvmHost } from "../kvm-host/kvm-host.ts";
import { kvmUsable } from "../kvm-host/usable.ts";
import { runCommand } from "./command.ts";
import type { SuiteContext } from "./suite.ts";

const minute = 60_000;
/** How often a command begins again because the emulated machine failed under it. */
const MAX_REPEATS = 3;

/**
 * Runs a command where KVM can run guests: here when this machine's can, else in the emulated KVM host, where nothing
 * is writable for good but the suite's own directory. Returns its exit code; output is shown as it comes.
 */
export async function runWithKvm(
  command: readonly [string, ...string[]],
  { repository, directory, soak, signal, cwd = repository }: SuiteContext & { readonly cwd?: string },
  env: Readonly<Record<string, string>>,
): Promise<number> {
  // What repeats a run outside repeats it in there, and as long.
  const { A3S_SEED, A3S_CYCLES } = process.env;
  const asked = { ...(A3S_SEED && { A3S_SEED }), ...(A3S_CYCLES && { A3S_CYCLES }) };
  const full = { ...env, NO_COLOR: "1", ...(soak && { A3S_SOAK: "1" }), ...asked };
  if (await kvmUsable()) {
    return (await runCommand(command, { cwd, signal, live: true, env: full })).exitCode;
  }
  console.log("This machine's KVM cannot run guests: using the emulated KVM host.");
  const run = {
    command,
    cwd,
    env: full,
    shares: [{ guestPath: directory, hostPath: directory }],
    timeoutMs: (soak ? 170 : 20) * minute,
    signal,
  };
  for (let repeats = 0; ; repeats++) {
    try {
      return (await runInKvmHost(run)).exitCode;
    } catch (error) {
      if (!isMachineFailure(error) || repeats === MAX_REPEATS) throw error;
      console.log(`The emulated KVM host itself failed, so again in a new one: ${error.message}\n${error.console}`);
    }
  }
}

const machineFailures: readonly KvmHostErrorCode[] = ["FROZEN", "ENDED_EARLY", "TIMEOUT"];

/**
 * Whether the emulated machine stopped or died under the tests. Tests that hang do not look like this: each has a time
 * limit of its own, and all of them together are far below the machine's. QEMU's software CPU has frozen before (see
 * tools/kvm-host/README.md).
 */
function isMachineFailure(error: unknown): error is KvmHostError {
  return error instanceof KvmHostError && machineFailures.includes(error.code);
}
