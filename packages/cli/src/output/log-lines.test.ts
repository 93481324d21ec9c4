import { expect, test } from "vitest";
import { type LogEntry, LogLines } from "./log-lines.ts";

const at = (second: number) => `2026-01-31T12:00:0${second}.000Z`;
const line = (second: number, text: string, more: Partial<Extract<LogEntry, { text: string }>> = {}): LogEntry => ({
  time: at(second),
  stream: "stdout",
  text,
  partial: false,
  ...more,
});

function shown(timestamps: boolean, ...entries: readonly LogEntry[]) {
  const lines = new LogLines({ timestamps });
  return entries.map((entry) => {
    const text = lines.next(entry);
    return text === undefined ? undefined : `${text.to}: ${Buffer.from(text.data).toString("latin1")}`;
  });
}

test("what the main process wrote is there as it wrote it, on its own stream, and the kernel's words are not", () => {
  expect(
    shown(
      false,
      line(1, "one"),
      line(2, "two", { stream: "stderr" }),
      line(3, "\u{fffd}", { bytes: Uint8Array.of(0xff) }),
      line(4, "booting", { stream: "console" }),
    ),
  ).toEqual(["stdout: one\n", "stderr: two\n", "stdout: \xff\n", undefined]);
});

test("a line in pieces has its time once, whatever the other stream says in between", () => {
  expect(
    shown(true, line(1, "a", { partial: true }), line(2, "x", { stream: "stderr" }), line(3, "b"), line(4, "c")),
  ).toEqual([`stdout: ${at(1)} a`, `stderr: ${at(2)} x\n`, "stdout: b\n", `stdout: ${at(4)} c\n`]);
});

test("what is missing is said, and not on standard output", () => {
  const gap = { time: at(1), stream: "log" } as const;
  expect(shown(true, { ...gap, dropped: null }, { ...gap, dropped: { records: 2, bytes: 9 } })).toEqual([
    "stderr: a3s-box: older lines are missing here\n",
    "stderr: a3s-box: 9 bytes are missing here\n",
  ]);
});
