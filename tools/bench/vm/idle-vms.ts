import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { busyboxImage } from "../../images/busybox.ts";
import type { IdleVms } from "./idle.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Has VMs run at the same time where KVM can run guests; shows how far they are, and throws when they do not all run. */
export async function measureIdle(count: number, memoryMib: number): Promise<IdleVms> {
  const { layout, tag } = await busyboxImage();
  const program = [process.execPath, here("idle.ts"), `oci:${layout}:${tag}`, String(count), String(memoryMib)];
  const child = spawn(process.execPath, [here("../../kvm-host/with-kvm.ts"), ...program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
  if (code !== 0) throw new Error(`the VMs ended with code ${code}`);
  return JSON.parse(output) as IdleVms;
}
