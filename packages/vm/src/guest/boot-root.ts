import { createHash, randomBytes } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { chmod, lstat, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type HomeLayout, syncDirectory, writeFileAtomic } from "@a3s/core";
import { VmError } from "../errors/vm-error.ts";
import { locateGuestAgent } from "../native/programs.ts";

/** Name of the agent in a boot root. */
const AGENT_NAME = "a3s-agent";
/**
 * Empty directories that what runs in a boot root mounts over: /proc, /sys and /dev are libkrun's init's, /mnt is where
 * the agent puts the box's root together. The root is read-only, so nobody can make one that is missing.
 */
const MOUNT_POINTS = ["proc", "sys", "dev", "run", "tmp", "mnt"];
/** Enough of a SHA-256 to tell the builds of one machine apart. */
const NAME_LENGTH = 16;

/** The directory that guests with the agent boot from. */
export interface BootRoot {
  /** Absolute path on the host; the same for all VMs, to be shared read-only. */
  readonly path: string;
  /** Path of the agent in the guest. */
  readonly agent: string;
}

/** Options of {@link publishBootRoot}. */
export interface BootRootOptions {
  /** Absolute path of the agent's binary; what is installed, by default. */
  readonly agentPath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes sure that `guest/<hash of the agent>` holds the agent and the mount points, and nothing else. Any number of
 * processes may do so at once. When it is there, this costs a few `stat`s: the hash is remembered under the binary's
 * size, inode and times.
 *
 * @throws VmError `GUEST_AGENT_MISSING`, `BOOT_ROOT_CORRUPT`
 */
export async function publishBootRoot(home: HomeLayout, options: BootRootOptions = {}): Promise<BootRoot> {
  const agentPath = options.agentPath ?? (await locateGuestAgent());
  options.signal?.throwIfAborted();
  const agent = await stat(agentPath, { bigint: true });
  const memo = join(home.guest, `.hash-${fingerprint(agent)}`);
  const known = await readFile(memo, "latin1").catch(() => "");
  if (/^[0-9a-f]+$/.test(known) && known.length === NAME_LENGTH) {
    const path = join(home.guest, known);
    if (await holdsAgent(path, agent.size)) return bootRoot(path);
  }
  const content = await readFile(agentPath, { signal: options.signal });
  const name = nameOf(content);
  const path = join(home.guest, name);
  await mkdir(home.guest, { recursive: true, mode: 0o755 });
  await publish(path, content);
  await writeFileAtomic(memo, name);
  return bootRoot(path);
}

async function publish(path: string, agent: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(temporary);
    for (const name of MOUNT_POINTS) await mkdir(join(temporary, name));
    await writeProgram(join(temporary, AGENT_NAME), agent);
    // The mode of mkdir and open is cut by the umask, and these are the guest's modes.
    for (const name of [".", ...MOUNT_POINTS, AGENT_NAME]) await chmod(join(temporary, name), 0o755);
    await syncDirectory(temporary);
    await rename(temporary, path);
    await syncDirectory(join(path, ".."));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!isTaken(error)) throw error;
    // Somebody else was faster, or it was there all along: then it must be what we were about to put there.
    if (nameOf(await readFile(join(path, AGENT_NAME)).catch(() => Buffer.alloc(0))) !== nameOf(agent))
      throw corrupt(path);
  }
}

async function writeProgram(path: string, content: Uint8Array): Promise<void> {
  await using file = await open(path, "wx", 0o755);
  await file.writeFile(content);
  await file.sync();
}

/** rename(2) onto a directory that is not empty. */
function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOTEMPTY" || code === "EEXIST";
}

async function holdsAgent(path: string, size: bigint): Promise<boolean> {
  const found = await lstat(join(path, AGENT_NAME), { bigint: true }).catch(() => undefined);
  return found?.isFile() === true && found.size === size;
}

function fingerprint({ size, ino, mtimeNs, ctimeNs }: BigIntStats): string {
  return [size, ino, mtimeNs, ctimeNs].map((part) => part.toString(36)).join("-");
}

function nameOf(agent: Uint8Array): string {
  return createHash("sha256").update(agent).digest("hex").slice(0, NAME_LENGTH);
}

function bootRoot(path: string): BootRoot {
  return { path, agent: `/${AGENT_NAME}` };
}

function corrupt(path: string): VmError {
  return new VmError({
    code: "BOOT_ROOT_CORRUPT",
    message: `${join(path, AGENT_NAME)} is not the guest agent that was published there`,
    hint: `Remove ${path} while no box is running; the next start makes it again.`,
    details: { path },
  });
}
