import { MIN_CPUS, MIN_VM_OVERHEAD_MIB, MIN_VM_THREADS } from "@a3s/core";
import * as v from "valibot";
import type { CheckedVmSpec, VmLimits } from "./vm-spec.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER / 2 ** 20));

export const vmLimits = v.strictObject({
  memoryMib: v.optional(count),
  cpus: v.optional(v.pipe(v.number(), v.minValue(MIN_CPUS), v.maxValue(100_000))),
  threads: v.optional(count),
});

/** Limits under which the VM could not run, one sentence for each. */
export function tooTightLimits({ vcpus, memoryMib, limits }: CheckedVmSpec): string[] {
  const atLeast = (field: keyof VmLimits, least: number) => {
    const value = limits[field];
    return value === undefined || value >= least ? [] : [`limits.${field}: must be at least ${least} for this VM`];
  };
  return [...atLeast("memoryMib", memoryMib + MIN_VM_OVERHEAD_MIB), ...atLeast("threads", vcpus + MIN_VM_THREADS)];
}

/** As native/vm-host/PROTOCOL.md has them; null without any. Pure. */
export function planLimits({ memoryMib, cpus, threads }: VmLimits) {
  const cpuMillis = cpus === undefined ? null : Math.round(cpus * 1000);
  const limits = { memoryMib: memoryMib ?? null, cpuMillis, pids: threads ?? null };
  return Object.values(limits).every((limit) => limit === null) ? null : limits;
}
