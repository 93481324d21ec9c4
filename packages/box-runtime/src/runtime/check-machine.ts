import type { HomeLayout } from "@a3s/core";
import { checkHost, type HostFinding, type HostFindingCode, type HostReport } from "@a3s/vm";
import { findPasst, PASST_FIX } from "../network/find-passt.ts";

/** What a check of the machine looks at beyond what a VM needs. */
export type MachineFindingCode =
  | HostFindingCode
  /** PATH leads to no passt: boxes with that network do not start. */
  | "PASST_MISSING"
  /** It does. Whether it can run here is seen when it does. */
  | "PASST_OK";

/** One thing that a check of the machine found. */
export interface MachineFinding extends Omit<HostFinding, "code"> {
  readonly code: MachineFindingCode;
}

/** What `runtime.host.check()` answers; plain data. */
export interface MachineReport extends Omit<HostReport, "findings"> {
  readonly findings: readonly MachineFinding[];
}

/** What {@link checkHost} finds, and whether the networks of boxes can be had. */
export async function checkMachine({ home }: HomeLayout, signal?: AbortSignal): Promise<MachineReport> {
  const [{ ok, findings }, passt] = await Promise.all([checkHost({ home, signal }), findPasst()]);
  return { ok, findings: [...findings, judgePasst(passt)] };
}

/** Pure. @param path where it is */
export function judgePasst(path: string | undefined): MachineFinding {
  if (path !== undefined) return { code: "PASST_OK", severity: "ok", message: `passt is at ${path}` };
  return {
    code: "PASST_MISSING",
    severity: "warning",
    message: 'passt is not installed: boxes with the network "passt" cannot be had',
    fix: PASST_FIX,
  };
}
