import { closeSync, constants, openSync } from "node:fs";
import { unsupportedMeasures } from "./jail/measures.ts";
import { findNamespaces } from "./jail/namespaces.ts";

/** Whether /dev/kvm can be opened, and what of the jail cannot be had: native/vm-host/PROTOCOL.md, "Probe". */
export function probe(): { readonly kvm: string; readonly message: string; readonly jail: readonly string[] } {
  const user = process.geteuid?.() ?? 0;
  const { cgroup: _, ...unsupported } = unsupportedMeasures(user);
  const { refusal } = findNamespaces("isolated", user);
  const missing = Object.entries(unsupported).map(([measure, why]) => `the jail is without its ${measure}: ${why}`);
  const jail = refusal === undefined ? missing : [...missing, `the jail is without its namespaces: ${refusal}`];
  return { ...probeKvm(), jail };
}

function probeKvm(): { readonly kvm: string; readonly message: string } {
  try {
    closeSync(openSync("/dev/kvm", constants.O_RDWR));
    return { kvm: "unknown", message: "it opens, but vm-host.js runs no probe guest" };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { kvm: code === "ENOENT" ? "missing" : "denied", message };
  }
}
