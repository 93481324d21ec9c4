import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Duplex, Readable, Writable } from "node:stream";
import { EndMarker } from "./end-marker.ts";
import { keepPulse, listenToHeart } from "./heart.ts";
import { lastWords } from "./last-words.ts";
import { searchPath } from "./programs.ts";
import { descriptors } from "./qemu.ts";
import type { RunFiles } from "./run-files.ts";

/** How much of the console is kept as evidence. */
const consoleTailBytes = 16 * 1024;
/** Time that the kernel of a frozen machine has to say what it was doing. */
const LAST_WORDS_MS = 10_000;

export interface MachineStreams {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** The emulated host's kernel console, as it comes. */
  readonly console?: Writable | undefined;
}

/** In ms. */
export interface HeartLimits {
  /** From the start of QEMU to the first beat, which is when the kernel and the file tree are up. */
  readonly first: number;
  /** Between two beats. */
  readonly pause: number;
}

export type MachineResult =
  | { readonly exitCode: number; readonly longestPauseMs: number }
  /** The emulated host's heart was silent for too long. */
  | { readonly frozen: true; readonly console: string }
  /** QEMU, or the kernel in it, ended without a word from the command. */
  | { readonly endedEarly: string; readonly console: string };

/**
 * Starts QEMU, carries the command's output out and returns the command's exit code. QEMU is ended when `signal` aborts
 * or its heart is silent for too long, is gone when this returns or throws, and dies with this process too, however that ends.
 */
export async function runMachine(
  qemuArguments: readonly string[],
  files: RunFiles,
  marker: string,
  streams: MachineStreams,
  limits: HeartLimits,
  signal: AbortSignal,
): Promise<MachineResult> {
  signal.throwIfAborted();
  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", "--", "qemu-system-x86_64", ...qemuArguments], {
    env: { PATH: searchPath },
    // A session of its own: the terminal's Ctrl-C reaches this process, which ends QEMU in its own order.
    detached: true,
    stdio: [
      "ignore",
      "ignore",
      "pipe",
      "pipe",
      "pipe",
      "pipe",
      "pipe",
      "pipe",
      files.initramfs.fd,
      files.scratch.fd,
      "pipe",
    ],
  });
  const closed = once(qemu, "close");
  const stop = (): void => void qemu.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  try {
    const pipe = (descriptor: number): Duplex => qemu.stdio[descriptor] as unknown as Duplex;
    const messages = tail(qemu.stdio[2] as Readable);
    const console = tail(pipe(descriptors.console), streams.console);
    using _pulse = keepPulse(pipe(descriptors.heart));
    const heart = listenToHeart(pipe(descriptors.heart), limits.pause, limits.first);
    const evidence = heart.then(async ({ stopped }) => {
      if (!stopped) return "";
      const words = await lastWords(pipe(descriptors.monitor));
      // Its kernel ends it, if it can.
      const late = setTimeout(stop, LAST_WORDS_MS);
      await closed;
      clearTimeout(late);
      return words;
    });
    evidence.catch(() => {});
    const [code] = await Promise.all([
      exitRecord(pipe(descriptors.control)),
      copyStream(pipe(descriptors.stdout), streams.stdout, marker),
      copyStream(pipe(descriptors.stderr), streams.stderr, marker),
    ]);
    if (code !== undefined) stop();
    await closed;
    const { stopped, longestPauseMs } = await heart;
    if (code !== undefined) return { exitCode: code, longestPauseMs };
    if (stopped) return { frozen: true, console: `${await evidence}\n${await console}` };
    const why = complaints(await messages) || `QEMU ended with ${qemu.exitCode ?? qemu.signalCode}`;
    return { endedEarly: why, console: await console };
  } finally {
    stop();
    await closed;
    signal.removeEventListener("abort", stop);
  }
}

/** What QEMU said before it ended, without its warnings about features of the CPU model that TCG lacks. */
export function complaints(messages: string): string {
  const lines = messages.split("\n").filter((line) => line !== "" && !line.includes("warning: TCG doesn't support"));
  return lines.join("; ");
}

/** The exit code that the emulated host reports when everything is written, or undefined when it never does. */
async function exitRecord(control: Duplex): Promise<number | undefined> {
  let text = "";
  // Closing the port would end the emulated host, which may still have output on its way.
  for await (const chunk of control.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const match = /^exit (\d+)\n/.exec(text);
    if (match !== null) return Number(match[1]);
  }
  return undefined;
}

/** Copies up to the marker, no faster than `to` takes it. */
async function copyStream(from: Readable, to: Writable, marker: string): Promise<void> {
  const end = new EndMarker(marker);
  for await (const chunk of from) {
    await write(to, end.push(chunk as Buffer));
    if (end.found) return;
  }
  await write(to, end.rest());
}

async function write(to: Writable, bytes: Buffer): Promise<void> {
  if (bytes.length > 0 && !to.write(bytes)) await once(to, "drain");
}

/** The last bytes of a stream, when it has ended. */
async function tail(from: Readable, copyTo?: Writable): Promise<string> {
  let kept = Buffer.alloc(0);
  for await (const chunk of from) {
    copyTo?.write(chunk);
    kept = Buffer.concat([kept, chunk as Buffer]).subarray(-consoleTailBytes);
  }
  return kept.toString();
}
