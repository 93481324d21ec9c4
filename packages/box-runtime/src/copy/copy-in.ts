import { lstat, realpath } from "node:fs/promises";
import type { AgentError, AgentFiles, TransferOptions } from "@a3s/agent-client";
import { startDeadline } from "@a3s/core";
import { archiveTree } from "@a3s/rootfs";
import { copyFault } from "./copy-fault.ts";
import { planCopy } from "./copy-plan.ts";

/** How a file or tree is copied between host and guest. */
export interface CopyOptions extends TransferOptions {
  /** Copy what a symbolic link at the end of the source's path leads to, not the link. */
  readonly followLink?: boolean | undefined;
  /** Keep the owners' numbers; otherwise the copy belongs to `user` in the guest, and to this process's user on the host. */
  readonly keepOwners?: boolean | undefined;
}

/** What was copied into a guest. */
export interface CopyInReport {
  /** Files, directories and links. */
  readonly entries: number;
}

/** Copies a file or tree of the host into a guest; see `VmManager.copyIn`. */
export async function copyIn(
  files: AgentFiles,
  source: string,
  target: string,
  { followLink = false, keepOwners = false, user, signal, timeoutMs = NO_LIMIT }: CopyOptions,
): Promise<CopyInReport> {
  using deadline = startDeadline({ signal, timeoutMs, what: `The copy of ${JSON.stringify(source)}` });
  const bounds = { user, signal: deadline.signal };
  try {
    const path = followLink ? await realpath(source) : source;
    const found = await lstat(path);
    const plan = planCopy({
      source,
      sourceIsDirectory: found.isDirectory(),
      target,
      targetFound: await findInGuest(files, target, bounds),
    });
    const archive = archiveTree(path, { name: plan.name, signal: deadline.signal });
    return { entries: await files.uploadTar(plan.directory, archive, { ...bounds, keepOwners }) };
  } catch (error) {
    throw copyFault(error, deadline.signal);
  }
}

async function findInGuest(files: AgentFiles, path: string, bounds: TransferOptions) {
  try {
    return (await files.stat(path, bounds)).isDirectory() ? "directory" : "other";
  } catch (error) {
    if ((error as AgentError).code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Longest time that a timer can take, in milliseconds: 24 days. */
export const NO_LIMIT = 2 ** 31 - 1;
