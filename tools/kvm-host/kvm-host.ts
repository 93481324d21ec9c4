import { randomUUID } from "node:crypto";
import { mkdir, realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { bootFiles } from "./cache.ts";
import { KvmHostError } from "./errors.ts";
import { guestEnvironment, guestFiles } from "./guest-files.ts";
import { type MachineResult, runMachine } from "./machine.ts";
import { requirePrograms } from "./programs.ts";
import { qemuArguments } from "./qemu.ts";
import { createRunFiles } from "./run-files.ts";

/** A directory of the machine, writable in the emulated host. It is created where it does not exist. */
export interface Share {
  readonly guestPath: string;
  readonly hostPath: string;
}

export interface KvmHostRun {
  /** Program and arguments. The machine's file tree is visible read-only at the same paths. */
  readonly command: readonly [string, ...string[]];
  /** Default: this process's working directory. */
  readonly cwd?: string;
  /** Added to PATH of this process and `guestEnvironment`; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Default 1. More than one is less work done per second in all, and with QEMU before 8.1 it can hang: a CPU that
   * translates code while another one patches it may keep the old translation for ever (README, "One CPU").
   */
  readonly cpus?: number;
  /** Default 4096. */
  readonly memoryMib?: number;
  /** Size of the scratch disk, which takes only the room that is written to. Default 16. */
  readonly diskGib?: number;
  /** For the command and the boot before it; none unless given. Ends with `TIMEOUT`. */
  readonly timeoutMs?: number;
  /**
   * How long the emulated host's heart, which is asked each second, may be silent before that host counts as frozen. Default
   * 90 s. Ends with `FROZEN`. It says nothing about the command, which may be quiet for as long as it likes.
   */
  readonly silenceMs?: number;
  /** Directories that take results. */
  readonly shares?: readonly Share[];
  /** Directories of the machine that the command may write to without the machine seeing it. */
  readonly writable?: readonly string[];
  /** Default: this process's. */
  readonly stdout?: Writable;
  /** Default: this process's. */
  readonly stderr?: Writable;
  /** The kernel's console, as it comes. Default: kept for the error only. */
  readonly console?: Writable;
  readonly signal?: AbortSignal;
}

export interface KvmHostResult {
  readonly exitCode: number;
  /** The longest silence of the emulated host's heart, in ms: how near it came to counting as frozen. */
  readonly longestPauseMs: number;
}

/** The boot takes 6 to 8 s of CPU time; a busy machine and slow disks make minutes of them. */
const bootMs = 180_000;
const silenceMs = 90_000;

const repository = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/**
 * Boots an ordinary Linux with a working /dev/kvm in QEMU, runs a command in it and returns the command's exit code
 * (128 + N when signal N ended it). Throws `KvmHostError` when the command could not be run to its end, and the
 * signal's reason when aborted. Nothing is left behind in either case.
 *
 * ```ts
 * const { exitCode } = await runInKvmHost({ command: ["node", "-e", "console.log(1)"] });
 * ```
 */
export async function runInKvmHost(run: KvmHostRun): Promise<KvmHostResult> {
  await requirePrograms();
  const deadline = run.timeoutMs === undefined ? undefined : AbortSignal.timeout(run.timeoutMs);
  const signal = AbortSignal.any([run.signal, deadline].filter((each) => each !== undefined));
  const timeout = (cause: unknown, console = "") => {
    const seconds = (run.timeoutMs ?? 0) / 1000;
    const message = `The command was ended after ${seconds} s, boot of the emulated KVM host included.`;
    return new KvmHostError("TIMEOUT", message, { cause, console });
  };
  const result = await boot(run, signal).catch((error: unknown) => {
    throw deadline?.aborted && !run.signal?.aborted ? timeout(error) : error;
  });
  if ("exitCode" in result) return result;
  run.signal?.throwIfAborted();
  if (deadline?.aborted) throw timeout(deadline.reason, result.console);
  const { console } = result;
  if ("frozen" in result) {
    const message = "The emulated KVM host froze: nothing came from its heart, so it was ended. Run the command again.";
    throw new KvmHostError("FROZEN", message, { console });
  }
  throw new KvmHostError("ENDED_EARLY", `The emulated KVM host ended before the command did: ${result.endedEarly}.`, {
    console,
  });
}

async function boot(run: KvmHostRun, signal: AbortSignal): Promise<MachineResult> {
  const cwd = await realpath(resolve(run.cwd ?? "."));
  const shares = await Promise.all((run.shares ?? []).map(preparedShare));
  const files = await bootFiles(signal);
  const marker = randomUUID();
  const guest = guestFiles({
    command: run.command,
    cwd,
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", ...guestEnvironment, ...run.env },
    shares,
    visible: [cwd, repository, dirname(process.execPath), ...(run.writable ?? [])],
    writable: run.writable ?? [],
    marker,
  });
  await using runFiles = await createRunFiles(files.initramfs, guest, run.diskGib ?? 16, signal);
  const machine = { kernel: files.kernel, cpus: run.cpus ?? 1, memoryMib: run.memoryMib ?? 4096, shares };
  const streams = { stdout: run.stdout ?? process.stdout, stderr: run.stderr ?? process.stderr, console: run.console };
  const limits = { first: bootMs, pause: run.silenceMs ?? silenceMs };
  return await runMachine(qemuArguments(machine), runFiles, marker, streams, limits, signal);
}

async function preparedShare(share: Share, index: number): Promise<Share & { tag: string }> {
  await mkdir(share.hostPath, { recursive: true });
  return { tag: `share${index}`, guestPath: share.guestPath, hostPath: await realpath(share.hostPath) };
}
