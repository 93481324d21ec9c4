import { posix } from "node:path";
import { RootfsError } from "../errors/rootfs-error.ts";

/** What the guest's kernel keeps itself; what lies in them is nobody's to cover. */
const KERNEL_DIRECTORIES = ["/proc", "/sys", "/dev"];
/** Ordinary memory, though it lies in `/dev`. */
const SHARED_MEMORY = "/dev/shm";

/** The one spelling of where something is mounted in a guest. @throws RootfsError `MOUNT_INVALID` */
export function parseTarget(input: string): string {
  const fault = (what: string) => targetInvalid(input, what);
  if (!input.startsWith("/")) throw fault("is not absolute");
  if (input.includes("\0")) throw fault("holds a NUL byte");
  // What `..` means depends on links in the image, so nobody could tell here where it leads.
  if (input.split("/").includes("..")) throw fault("holds ..");
  const target = posix.normalize(input).replace(/\/$/, "");
  if (target === "") throw fault("is the root itself");
  if (!isWithin(target, SHARED_MEMORY) && KERNEL_DIRECTORIES.some((directory) => isWithin(target, directory))) {
    throw fault("belongs to the guest's kernel");
  }
  return target;
}

/** Puts what lies beneath another target after it, and leaves the order alone otherwise. @throws RootfsError `MOUNT_INVALID` */
export function orderTargets<T extends { readonly target: string }>(mounts: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  for (const { target } of mounts) {
    if (seen.has(target)) throw targetInvalid(target, "is mounted on twice");
    seen.add(target);
  }
  return mounts.toSorted((one, other) => depth(one.target) - depth(other.target));
}

function depth(target: string): number {
  return target.split("/").length;
}

function isWithin(target: string, directory: string): boolean {
  return target === directory || target.startsWith(`${directory}/`);
}

function targetInvalid(target: string, fault: string): RootfsError {
  return new RootfsError({
    code: "MOUNT_INVALID",
    message: `The mount target ${JSON.stringify(target)} ${fault}`,
    hint: "Name an absolute path in the guest, outside /proc, /sys and /dev, for one mount each.",
    details: { target },
  });
}
