/** Which program becomes a VM: `native` is a small one of its own, `node` is Node.js with koffi, where there is no native one. */
export type VmExecutor = "native" | "node";

/** Which of the two a path is: a script is run by Node.js. Pure. */
export function vmExecutor(vmHost: string): VmExecutor {
  return vmHost.endsWith(".js") ? "node" : "native";
}

/** How vm-host is called, before its own arguments. */
export function vmHostCommand(vmHost: string): { readonly command: string; readonly args: readonly string[] } {
  return vmExecutor(vmHost) === "native"
    ? { command: vmHost, args: [] }
    : { command: process.execPath, args: [...NODE_FLAGS, vmHost] };
}

/** As small as it gets: a monitor waits for a few descriptors. And no inspector that a signal would start. */
export const NODE_FLAGS = [
  "--disable-sigusr1",
  "--v8-pool-size=1",
  "--max-semi-space-size=1",
  "--no-warnings",
] as const;
