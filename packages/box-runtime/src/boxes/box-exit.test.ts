import { BoxError } from "@a3s/core";
import type { VmExitCause } from "@a3s/vm";
import { expect, test } from "vitest";
import { boxExit, failedStart } from "./box-exit.ts";
import type { BoxIntent } from "./box-life.ts";

const main = { tty: false, stdin: false };
const end = (cause: VmExitCause, code: number | null) => ({
  cause,
  code,
  meaning: "so",
  endedAt: "2026-01-01T00:00:00Z",
});

test.each<[BoxIntent, VmExitCause, number | null, number | null]>([
  ["running", "guest", 3, 3],
  ["running", "guest", 0, 0],
  // libkrun's own codes are those of a shell as well.
  ["running", "init", 127, 127],
  ["stopping", "guest", 143, 143],
  ["running", "stopped", 0, null],
  ["running", "signal", null, null],
  ["running", "monitor", null, null],
  ["running", "creator", 0, null],
  // What the agent itself ends with before a start is over, and in a panic, is no end of a main process.
  ["starting", "guest", 121, null],
  ["starting", "guest", 120, null],
  ["starting", "guest", 3, 3],
  ["running", "guest", 120, 120],
  ["running", "guest", 122, null],
])("a box that is meant to be %s and whose VM ends by %s with %s has exit code %s", (intent, cause, code, exitCode) => {
  expect(boxExit({ main, intent }, end(cause, code))).toEqual({
    ...{ exitCode, signal: null, meaning: "so", endedAt: "2026-01-01T00:00:00Z" },
  });
});

test("what the agent was heard to say goes before what the VM left; without a main process there is nothing to tell", () => {
  const heard = { exitCode: 143, signal: "SIGTERM" } as const;
  expect(boxExit({ main, intent: "stopping" }, end("guest", 143), heard)).toMatchObject(heard);
  expect(boxExit({ main, intent: "running" }, end("guest", 122), { exitCode: 122, signal: null }).exitCode).toBe(122);
  expect(boxExit({ main, intent: "running" }, end("guest", 3), { exitCode: null, signal: null }).exitCode).toBe(3);
  expect(boxExit({ main: null, intent: "running" }, end("guest", 0)).exitCode).toBeNull();
});

test("a start that failed says why, with the exit code that a shell would give", () => {
  const error = new BoxError({ code: "COMMAND_NOT_FOUND", message: "no such thing", details: { exitCode: 127 } });
  expect(failedStart(error)).toMatchObject({ exitCode: 127, meaning: "It did not start: no such thing" });
  expect(failedStart(new Error("no"))).toMatchObject({ exitCode: null, signal: null });
});
