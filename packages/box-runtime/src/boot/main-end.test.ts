import type { AgentClient } from "@a3s/agent-client";
import type { VmExit, VmProcess } from "@a3s/vm";
import { expect, test } from "vitest";
import { awaitMainEnd } from "./main-end.ts";

const silent = { processes: { wait: () => Promise.reject(new Error("gone")) } } as unknown as AgentClient;
const ended = (code: number | null, cause: VmExit["cause"]) =>
  ({ exited: Promise.resolve({ code, cause }) }) as unknown as VmProcess;

test("what the agent says of the main process's end counts", async () => {
  const agent = { processes: { wait: async () => ({ id: "main", exitCode: 143, signal: "SIGTERM" }) } };
  expect(await awaitMainEnd(agent as unknown as AgentClient, ended(122, "guest"))).toEqual({
    exitCode: 143,
    signal: "SIGTERM",
  });
});

test.each([
  [7, "guest", 7],
  [127, "init", 127],
  // No boot is under way that could have failed.
  [120, "guest", 120],
  // A panic of the agent, or a main process that chose its code: nobody knows.
  [122, "guest", null],
  [null, "signal", null],
  [1, "signal", null],
] as const)("where the agent cannot say it any more, the code %s of a VM that ended by %s means %s", async (...row) => {
  const [code, cause, exitCode] = row;
  expect(await awaitMainEnd(silent, ended(code, cause))).toEqual({ exitCode, signal: null });
});
