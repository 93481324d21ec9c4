import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";

/** Time for all of it, in ms. */
const PATIENCE_MS = 10_000;
const REGISTERS = { execute: "human-monitor-command", arguments: { "command-line": "info registers" } };
const INTERRUPTS = { execute: "human-monitor-command", arguments: { "command-line": "info lapic" } };

/**
 * What QEMU says of the CPU of a machine that has frozen: its registers at two moments, which shows whether it still runs, and its timer
 * and interrupts. Then an NMI makes the machine's kernel say on its console what it was doing, and end; when it does not, the machine is as
 * it was.
 *
 * @param monitor QEMU's machine protocol, QMP
 */
export async function lastWords(monitor: Duplex): Promise<string> {
  const words: string[] = [];
  // Reset when QEMU is killed.
  monitor.on("error", () => reader.close());
  const reader = createInterface(monitor);
  const timer = setTimeout(() => reader.close(), PATIENCE_MS);
  try {
    const lines = reader[Symbol.asyncIterator]();
    for (const command of [
      { execute: "qmp_capabilities" },
      REGISTERS,
      REGISTERS,
      INTERRUPTS,
      { execute: "inject-nmi" },
    ]) {
      monitor.write(`${JSON.stringify(command)}\n`);
      words.push(...(await answer(lines)));
    }
  } catch {
    // It has ended, or does not answer: what it said before is all there is.
  } finally {
    clearTimeout(timer);
    reader.close();
  }
  return words.join("\n");
}

/** Waits for a command's answer, and passes over the greeting and events. @returns its text, if it is one */
async function answer(lines: AsyncIterator<string>): Promise<readonly string[]> {
  for (let { done, value } = await lines.next(); !done; { done, value } = await lines.next()) {
    const message = JSON.parse(value) as { readonly return?: unknown; readonly error?: unknown };
    if ("error" in message) return [JSON.stringify(message.error)];
    if ("return" in message) return typeof message.return === "string" ? [message.return.replaceAll("\r", "")] : [];
  }
  throw new Error("QEMU has closed its monitor");
}
