import { fileURLToPath } from "node:url";

/** Absolute path of `vm-host`, the process that becomes a VM. */
export const vmHostPath = fileURLToPath(new URL("./bin/vm-host", import.meta.url));

/** Absolute path of `a3s-agent`, the static binary that is PID 1 in a guest. */
export const guestAgentPath = fileURLToPath(new URL("./guest/a3s-agent", import.meta.url));
