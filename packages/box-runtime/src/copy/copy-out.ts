import { mkdtemp, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { AgentFiles } from "@a3s/agent-client";
import { startDeadline, unlessMissing } from "@a3s/core";
import { type ArchiveLimits, extractTar, placeTree, removeTree } from "@a3s/rootfs";
import { copyFault } from "./copy-fault.ts";
import { type CopyOptions, NO_LIMIT } from "./copy-in.ts";
import { type CopyPlan, planCopy } from "./copy-plan.ts";

/** How a file or tree is copied out of a guest. */
export interface CopyOutOptions extends CopyOptions {
  /** Bounds of what the guest may send: 32 GiB in all, 16 GiB for a file, a million entries by default. */
  readonly limits?: Partial<ArchiveLimits> | undefined;
}

/** What was copied out of a guest. */
export interface CopyOutReport {
  /** Files, directories and links. */
  readonly entries: number;
  /** Devices and FIFOs, which are not made on the host; at most 100 paths. */
  readonly skipped: readonly string[];
}

/** Name of the copy in the archive and in the staging directory: the guest has no say in it. */
const NAME = "copy";

/** Copies a file or tree of a guest to the host; see `VmManager.copyOut`. */
export async function copyOut(
  files: AgentFiles,
  source: string,
  target: string,
  { followLink = false, keepOwners = false, limits, user, signal, timeoutMs = NO_LIMIT }: CopyOutOptions,
): Promise<CopyOutReport> {
  using deadline = startDeadline({ signal, timeoutMs, what: `The copy of ${JSON.stringify(source)}` });
  const bounds = { user, signal: deadline.signal };
  try {
    const found = followLink ? await files.stat(source, bounds) : await files.lstat(source, bounds);
    const plan = planCopy({
      source,
      sourceIsDirectory: found.isDirectory(),
      target,
      targetFound: await findOnHost(target),
    });
    // Only whole copies are placed, and within one file system.
    await using staging = await stage(plan);
    const archive = files.downloadTar(source, { ...bounds, name: NAME, follow: followLink });
    const extracted = join(staging.path, "tree");
    const report = await extractTar(archive, extracted, { limits, keepOwners, signal: deadline.signal });
    await placeTree(join(extracted, NAME), staging.target, deadline.signal);
    return { entries: report.entries, skipped: report.skipped.map((path) => path.slice(NAME.length + 1)) };
  } catch (error) {
    throw copyFault(error, deadline.signal);
  }
}

async function findOnHost(path: string) {
  const found = await unlessMissing(stat(path));
  if (found === undefined) return undefined;
  return found.isDirectory() ? "directory" : "other";
}

async function stage({ directory, name }: CopyPlan) {
  const real = await realpath(resolve(directory));
  const path = await mkdtemp(join(real, ".a3s-copy-"));
  return {
    path,
    target: name === "." ? real : join(real, name),
    [Symbol.asyncDispose]: () => removeTree(path),
  };
}
