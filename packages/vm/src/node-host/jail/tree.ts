import { closeSync, fstatSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname } from "node:path/posix";
import type { JailMode } from "../../process/jail.ts";
import { step } from "../failure.ts";
import { chroot, copyTree, exchangeRoot, MOUNT_ATTR, MS, mount, moveMount, restrict } from "../posix.ts";
import type { StartRequest } from "../request/start-request.ts";

type Entry = StartRequest["jail"]["tree"][number];

/** fcntl.h. */
const O_PATH = 0o10000000;
/**
 * Where the tree is made: over `/`. What is mounted there hides nothing, because a path that starts at `/` goes on from what lies under that
 * mount, and only `/..` leads into it (path_resolution(7)). So no directory of the host is needed.
 */
const STAGE = "/..";
/** Nothing but directories and empty files is ever made there. */
const OPTIONS = "mode=0755,size=64k";
/** Below it entries may be devices. Nodes in what is shared are the guest's kernel's to serve: nobody opens the host's by them. */
const DISKS = "/disks/";
/** KVM, and where libkrun's virtio-fs opens again what it has a descriptor of. A host without them is told so by libkrun. */
const ALWAYS = ["/dev/kvm", "/proc/self/fd"];

/** A part of the tree before it has its place; without a descriptor it is an empty directory. */
interface Part {
  readonly at: string;
  readonly mounted: number | undefined;
}

/** Makes directories read-only in their own place. */
export function protect(paths: readonly string[]): void {
  for (const path of paths) {
    step("jail", path, () => {
      mount(path, path, null, MS.BIND | MS.REC, null);
      restrictAt(path, MOUNT_ATTR.RDONLY, true);
    });
  }
}

/** Makes the tree of copies of mounts and goes there. The host's is still around: {@link leaveHost}. */
export function buildTree(entries: readonly Entry[]): void {
  // All before the stage is mounted, which would become a part of a share of `/`.
  const parts = [...entries.map(takeEntry), ...ALWAYS.flatMap(takeIfThere)];
  step("jail", "private-tree", () => {
    mount("tmpfs", "/", "tmpfs", MS.NOSUID | MS.NODEV | MS.NOEXEC, OPTIONS);
    process.chdir(STAGE);
    for (const { at, mounted } of parts) {
      // From the working directory: a path that is resolved before would lose the `..`.
      const place = `.${at}`;
      mkdirSync(dirname(place), { recursive: true });
      if (mounted === undefined || fstatSync(mounted).isDirectory()) mkdirSync(place);
      else writeFileSync(place, "");
      if (mounted === undefined) continue;
      moveMount(mounted, place);
      closeSync(mounted);
    }
    // A guest could otherwise fill the host's memory with files of its own beside what it was given.
    restrictAt(".", MOUNT_ATTR.RDONLY, false);
  });
}

/** Puts the tree in the place of the host's. Throws when a root cannot be exchanged, such as an initramfs. */
export function leaveHost(mode: JailMode): void {
  try {
    exchangeRoot();
  } catch (error) {
    // What is outside has at least no name any more.
    if (mode === "best-effort") step("jail", "chroot", () => chroot("."));
    throw error;
  } finally {
    process.chdir("/");
  }
}

function takeEntry({ at, path, readOnly }: Entry): Part {
  if (path === null) return { at, mounted: undefined };
  const attributes =
    MOUNT_ATTR.NOSUID | (at.startsWith(DISKS) ? 0n : MOUNT_ATTR.NODEV) | (readOnly ? MOUNT_ATTR.RDONLY : 0n);
  return step("jail", path, () => {
    const mounted = copyTree(path);
    restrict(mounted, attributes, true);
    return { at, mounted };
  });
}

function takeIfThere(at: string): readonly Part[] {
  return step("jail", at, () => {
    try {
      return [{ at, mounted: copyTree(at) }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).errno === -2) return [];
      throw error;
    }
  });
}

function restrictAt(path: string, attributes: bigint, recursive: boolean): void {
  const fd = openSync(path, O_PATH);
  try {
    restrict(fd, attributes, recursive);
  } finally {
    closeSync(fd);
  }
}
