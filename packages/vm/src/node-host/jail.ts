import type { JailMeasure } from "../process/jail.ts";
import { fault, systemFault } from "./failure.ts";
import { protect, setResourceLimits } from "./libc.ts";
import type { StartRequest } from "./start-request.ts";

/**
 * Takes the measures that a Node.js process can: it has threads before any of our code runs, and namespaces, capabilities and filters of system
 * calls are a thread's. So what is read-only is protected from the guest, and not from who broke out of it.
 *
 * @returns the measures in force
 * @throws HostFailure of the stage `jail`
 */
export function enterJail({ mode, readOnly, limits }: StartRequest["jail"]): readonly JailMeasure[] {
  if (limits !== null) throw fault("jail", "cgroup", "this vm-host, which runs on Node.js, cannot limit a VM");
  if (mode === "required") {
    throw fault("jail", "user-namespace", 'this vm-host, which runs on Node.js, has no jail but with "best-effort"');
  }
  if (readOnly.length > 0) {
    const failed = protect(readOnly);
    if (failed !== undefined) throw systemFault("jail", failed.what, failed.errno);
  }
  return setResourceLimits() === undefined ? ["resource-limits"] : [];
}
