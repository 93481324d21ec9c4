import { connectAgent } from "@a3s/agent-client";
import { startAgentDouble } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { checkHealth } from "./check-health.ts";
import { MAX_OUTPUT_BYTES } from "./health-state.ts";

const { signal } = new AbortController();

async function guest() {
  const double = await startAgentDouble({
    programs: {
      chatty: async ({ write }) => {
        for (let index = 0; index < 100; index++) await write("x".repeat(1000));
        return 0;
      },
    },
  });
  const agent = connectAgent({ socketPath: double.socketPath });
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  const check = (test: "grpc" | readonly string[], timeoutMs = 60_000, until: AbortSignal = signal) =>
    checkHealth(agent, { test: test as "grpc" | string[], timeoutMs }, {}, until);
  return { check, double };
}

test("a command's exit code and the beginning of its output are its health", async () => {
  const { check } = await guest();
  expect(await check(["sh", "-c", "echo well; echo quite >&2"])).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/^(well\nquite\n|quite\nwell\n)$/),
  });
  expect(await check(["sh", "-c", "echo ill; exit 3"])).toMatchObject({ exitCode: 3, output: "ill\n" });
  expect(await check(["chatty"])).toMatchObject({ exitCode: 0, output: "x".repeat(MAX_OUTPUT_BYTES) });
});

test("a command that is not there, and one that takes too long, have no exit code", async () => {
  const { check } = await guest();
  expect(await check(["no-such-program"])).toMatchObject({
    exitCode: null,
    output: expect.stringContaining("no-such-program"),
  });
  expect(await check(["sh", "-c", "echo begun; sleep 1000"], 1000)).toMatchObject({
    exitCode: null,
    output: "begun\nIt did not end within 1000 ms",
  });
});

test("the agent's own health is asked for, and an agent that is gone is not healthy", async () => {
  const { check, double } = await guest();
  expect(await check("grpc")).toMatchObject({ exitCode: 0, output: "The agent's health is serving" });
  await double[Symbol.asyncDispose]();
  expect(await check("grpc", 1)).toMatchObject({ exitCode: null, output: expect.stringMatching(/./) });
});

test("a signal ends a check, and is no verdict on the box", async () => {
  const { check } = await guest();
  const [controller, reason] = [new AbortController(), new Error("enough")];
  const checking = check(["sleep", "1000"], 60_000, controller.signal);
  controller.abort(reason);
  await expect(checking).rejects.toBe(reason);
});
