import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { VmError, type VmErrorCode } from "../errors/vm-error.ts";
import { PLATFORM_PACKAGE, packagedPrograms } from "./platform-package.ts";
import { vmExecutor } from "./vm-host-command.ts";

/**
 * The program that becomes a VM: `A3S_VM_HOST`, else the platform package's, else, where that is not installed, the one for Node.js
 * ({@link nodeVmHost}).
 *
 * @throws VmError `VM_HOST_MISSING`
 */
export async function locateVmHost(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const path = env["A3S_VM_HOST"] || ((await packagedPrograms())?.vmHostPath ?? nodeVmHost());
  return await executable(path, "VM_HOST_MISSING", "vm-host, the program that becomes a VM,", "A3S_VM_HOST");
}

/**
 * vm-host as a program for Node.js, for `launchVm({ vmHost })`: it keeps the same protocol, takes over 50 MiB more for each VM, and can build
 * a part of the jail only, so VMs must be launched with `jail: "best-effort"`. The package's README says more.
 */
export function nodeVmHost(): string {
  return join(dirname(createRequire(import.meta.url).resolve("@a3s/vm/package.json")), "dist/vm-host.js");
}

/**
 * The guest agent, a static program for the guest: `A3S_GUEST_AGENT`, else the platform package's.
 *
 * @throws VmError `GUEST_AGENT_MISSING`
 */
export async function locateGuestAgent(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const path = env["A3S_GUEST_AGENT"] || (await packagedPrograms())?.guestAgentPath;
  return await executable(path, "GUEST_AGENT_MISSING", "The guest agent", "A3S_GUEST_AGENT");
}

async function executable(
  path: string | undefined,
  code: VmErrorCode,
  what: string,
  variable: string,
): Promise<string> {
  try {
    if (path === undefined) throw undefined;
    await access(path, vmExecutor(path) === "node" ? constants.R_OK : constants.X_OK);
    return path;
  } catch (cause) {
    throw new VmError({
      code,
      message: path === undefined ? `${what} is not installed` : `${what} cannot be executed at ${path}`,
      hint: `Install ${PLATFORM_PACKAGE} (there is one for each platform that is supported), or set ${variable}.`,
      cause,
      details: { path },
    });
  }
}
