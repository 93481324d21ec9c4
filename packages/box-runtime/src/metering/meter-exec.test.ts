import { connectAgent } from "@a3s/agent-client";
import type { BoxMetrics, ExecReading } from "@a3s/metrics";
import { startAgentDouble } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { meterExec } from "./meter-exec.ts";

async function metered() {
  const double = await startAgentDouble();
  const agent = connectAgent({ socketPath: double.socketPath });
  onTestFinished(async () => {
    await agent[Symbol.asyncDispose]();
    await double[Symbol.asyncDispose]();
  });
  const readings: ExecReading[] = [];
  const metrics = { recordExec: (reading: ExecReading) => void readings.push(reading) } as BoxMetrics;
  return { readings, exec: (...argv: string[]) => meterExec(agent.exec(argv), metrics) };
}

test("a command is counted once, however it is read, and a non-zero exit code is no error", async () => {
  const { readings, exec } = await metered();
  const result = await exec("sh", "-c", "echo out; exit 3");
  expect(result.exitCode).toBe(3);
  const events = await Array.fromAsync(exec("sh", "-c", "echo out"), ({ type }) => type);
  expect(events).toContain("stdout");
  expect(readings).toEqual([{ durationMs: result.durationMs }, { durationMs: expect.any(Number) }]);
});

test("one that cannot be run is counted by its error, and one that is given up by another", async () => {
  const { readings, exec } = await metered();
  await expect(exec("no-such-program")).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
  const sleeping = exec("sleep", "1000");
  await sleeping.started;
  await sleeping[Symbol.asyncDispose]();
  await expect(sleeping).rejects.toMatchObject({ code: "EXEC_DISPOSED" });
  expect(readings.map(({ errorCode }) => errorCode)).toEqual(["COMMAND_NOT_FOUND", "EXEC_DISPOSED"]);
});
