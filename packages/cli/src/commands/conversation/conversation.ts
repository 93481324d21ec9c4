import type { ExecProcess, StdinSource, TerminalSize } from "@a3s/box-runtime";
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from "../../options/detach-keys.ts";
import { InterruptedBySignal } from "../../output/error-report.ts";
import { writeFully } from "../../output/write-fully.ts";
import { FORWARDED, onSignals } from "../interruption.ts";
import { joinTerminal, requireTerminal, terminalSize } from "./terminal.ts";
import { typedKeys } from "./typed-keys.ts";

/** How this process and a command of a box talk. */
export interface ConversationOptions {
  /** Standard input goes to the command. */
  readonly interactive: boolean;
  /** The command has a terminal. */
  readonly tty: boolean;
  /** Keys that leave a command which goes on without anybody; a command that ends with its caller cannot be left. */
  readonly detachKeys?: string | "none" | undefined;
  /** Signals go to the command, as docker has it; true by default. Otherwise they end the conversation alone. */
  readonly forwardSignals?: boolean | undefined;
}

/** What a command is opened with. */
export interface ConversationEnds {
  readonly stdin: StdinSource | undefined;
  readonly size: true | TerminalSize | undefined;
  /** Aborts when the caller is interrupted before the command runs, or has left it. */
  readonly signal: AbortSignal;
}

/** A command that has been opened; not by itself, for whoever awaits a process awaits its end. */
export interface Opened {
  readonly running: ExecProcess;
  /** Hands a signal on to it, where that is more than `running.kill`. */
  readonly kill?: (signal: number) => Promise<void>;
}

/** How a conversation ended. */
export type ConversationEnd = { readonly type: "exit"; readonly exitCode: number } | { readonly type: "left" };

/** What this process ends with: the command's exit code; 0 when it was left. */
export function exitCodeAfter(end: ConversationEnd): number {
  return end.type === "exit" ? end.exitCode : 0;
}

/**
 * Opens a command and ties it to this process: output as it arrives, at the pace of whoever reads it; standard input and terminal as asked for.
 * A signal while it is being opened ends that; later ones go to the command.
 *
 * @throws InvalidArgumentError `interactive` with `tty`, where standard input is no terminal
 */
export async function converse(
  options: ConversationOptions,
  open: (ends: ConversationEnds) => Promise<Opened>,
): Promise<ConversationEnd> {
  const { interactive, tty, detachKeys = DEFAULT_DETACH_KEYS, forwardSignals = true } = options;
  if (interactive && tty) requireTerminal();
  const keys = detachKeys === "none" ? undefined : parseDetachKeys(detachKeys);
  const end = new AbortController();
  let left = false;
  const leave = () => {
    left = true;
    end.abort(new Error("left"));
  };
  let opened: Opened | undefined;
  using _signals = onSignals((name, number) => {
    if (opened !== undefined && forwardSignals) handOn(opened, number);
    else end.abort(new InterruptedBySignal(name, number));
  }, FORWARDED);
  try {
    // Named here: what is not asked for is never opened, and keeps nobody waiting.
    const stdin = interactive ? source(tty, keys, leave, end.signal) : undefined;
    opened = await open({ stdin, size: tty ? terminalSize() : undefined, signal: end.signal });
    const { running } = opened;
    using _terminal = tty ? joinTerminal(running, { keys: interactive }) : undefined;
    return { type: "exit", exitCode: await passThrough(running) };
  } catch (error) {
    if (left) return { type: "left" };
    throw error;
  } finally {
    end.abort();
    // Nobody waits for a key any more.
    if (interactive) process.stdin.destroy();
  }
}

/** A command that has just ended has no signals any more. */
function handOn({ running, kill }: Opened, signal: number): void {
  if (kill === undefined) running.kill(signal);
  else void kill(signal).catch(() => {});
}

function source(tty: boolean, keys: Uint8Array | undefined, leave: () => void, left: AbortSignal): StdinSource {
  if (!tty || keys === undefined) return process.stdin;
  return typedKeys(process.stdin, new DetachKeys(keys), leave, left);
}

async function passThrough(running: ExecProcess): Promise<number> {
  let exitCode = 0;
  for await (const event of running) {
    if (event.type === "stdout") await writeFully(process.stdout, event.data);
    else if (event.type === "stderr") await writeFully(process.stderr, event.data);
    else if (event.type === "exit") exitCode = event.exitCode;
  }
  return exitCode;
}
