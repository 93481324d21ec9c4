import { checkHost } from "../../packages/vm/dist/index.js";

/** Whether this machine's own KVM can run guests, which a probe VM finds out; other findings do not matter here. */
export async function kvmUsable(): Promise<boolean> {
  const report = await checkHost();
  return !report.findings.some(({ code, severity }) => severity === "error" && code.startsWith("HOST_KVM"));
}
