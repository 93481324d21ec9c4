import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { VmError, type VmErrorCode } from "../errors/vm-error.ts";
import { PLATFORM_PACKAGE, packagedPrograms } from "./platform-package.ts";

/**
 * The program that becomes a VM: `A3S_VM_HOST`, else the platform package's.
 *
 * @throws VmError `VM_HOST_MISSING`
 */
export async function locateVmHost(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const path = env["A3S_VM_HOST"] || (await packagedPrograms())?.vmHostPath;
  return await executable(path, "VM_HOST_MISSING", "vm-host, the program that becomes a VM,", "A3S_VM_HOST");
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
    await access(path, constants.X_OK);
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
