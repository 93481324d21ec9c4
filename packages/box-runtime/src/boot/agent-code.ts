/**
 * Exit codes by which the agent ends a VM itself (native/guest-agent/src/power.rs): no boot, no doorbell; a panic. A main process may
 * choose them, too, so that such a code alone says nothing of it. A boot can only have failed before the start was over.
 */
const AGENT_CODES = { boot: [120, 121], ever: [122] };

/** Whether a VM's exit code may be the agent's own instead of its main process's. */
export function mayBeOfAgent(code: number, { booting }: { readonly booting: boolean }): boolean {
  return AGENT_CODES.ever.includes(code) || (booting && AGENT_CODES.boot.includes(code));
}
