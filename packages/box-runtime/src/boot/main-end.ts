import type { AgentClient, LinuxSignal } from "@a3s/agent-client";
import type { VmProcess } from "@a3s/vm";
import { mayBeOfAgent } from "./agent-code.ts";

/** How a box's main process ended. */
export interface MainExit {
  /** 0 to 255, 128 + N when signal N ended it; null when the VM ended before its main process had, or nobody knows. */
  readonly exitCode: number | null;
  /** The signal that ended it; null also when nobody was there to hear of it. */
  readonly signal: LinuxSignal | null;
}

/**
 * Hears of the end of the main process from the agent, and where that cannot say it any more, from the VM's exit code: the agent ends
 * the VM with the main process's, but only the agent knows of signals.
 */
export async function awaitMainEnd(agent: AgentClient, vm: VmProcess): Promise<MainExit> {
  try {
    const { exitCode, signal } = await agent.processes.wait("main");
    return { exitCode, signal };
  } catch {
    const { code, cause } = await vm.exited;
    // Its boot is over, or nobody would have asked.
    const ofMain = (cause === "guest" || cause === "init") && code !== null && !mayBeOfAgent(code, { booting: false });
    return { exitCode: ofMain ? code : null, signal: null };
  }
}
