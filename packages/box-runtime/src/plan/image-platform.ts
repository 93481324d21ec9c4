import { guestPlatform, type Platform, parsePlatform } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/**
 * What runs in a guest beside programs of its own architecture. Not arm on arm64: many such processors have no 32-bit mode, and the
 * agent's filter of system calls knows none of its calls.
 */
const ALSO: Readonly<Record<string, readonly string[]>> = { amd64: ["386"] };

/**
 * The platform of which a box's image is; undefined for the machine's own. Pure.
 *
 * @throws RuntimeError `PLATFORM_UNSUPPORTED` for one whose programs the machine does not run: VMs emulate no CPU.
 */
export function planPlatform(wanted: string | undefined, own: Platform = guestPlatform()): Platform | undefined {
  const platform = wanted === undefined ? undefined : parsePlatform(wanted);
  if (platform === undefined) return undefined;
  const runs = [own.architecture, ...(ALSO[own.architecture] ?? [])];
  if (platform.os === own.os && runs.includes(platform.architecture)) return platform;
  throw new RuntimeError({
    code: "PLATFORM_UNSUPPORTED",
    message: `Programs for ${wanted} do not run in VMs on this machine, which is ${own.os}/${own.architecture}`,
    hint: "Leave `platform` out for the image of this machine's own.",
    details: { platform: wanted },
  });
}
