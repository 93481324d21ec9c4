import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { VmError, type VmErrorCode } from "../errors/vm-error.ts";
import { IS_PACKAGED, PLATFORM_PACKAGE, packagedPrograms } from "./platform-package.ts";

/**
 * The program that becomes a VM: `A3S_VM_HOST`, else the platform package's. Where there is no such package for the platform, the one for Node.js
 * ({@link nodeVmHost}).
 *
 * @throws VmError `VM_HOST_MISSING`
 */
export async function locateVmHost(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const path = env["A3S_VM_HOST"] || (IS_PACKAGED ? (await packagedPrograms())?.vmHostPath : nodeVmHost());
  return await executable(path, "VM_HOST_MISSING", "vm-host, the program that becomes a VM,", "A3S_VM_HOST");
}

/**
 * vm-host as a program for Node.js, for `launchVm({ vmHost })`: it starts VMs by the same protocol, without a jail worth
 * the name (`jail: "best-effort"` only), and takes two Node.js processes for each. docs/decisions/0015 says more.
 */
export function nodeVmHost(): string {
  const bundled = !import.meta.url.endsWith(".ts");
  return fileURLToPath(new URL(bundled ? "./vm-host.js" : "../node-host/main.ts", import.meta.url));
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

/** Whether a program is run by Node.js, rather than by itself. */
export function runsOnNode(program: string): boolean {
  return /\.[cm]?[jt]s$/.test(program);
}

async function executable(
  path: string | undefined,
  code: VmErrorCode,
  what: string,
  variable: string,
): Promise<string> {
  try {
    if (path === undefined) throw undefined;
    await access(path, runsOnNode(path) ? constants.R_OK : constants.X_OK);
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
