import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

const sh = (script: string) => ["sh", "-c", script];

test("orThrow makes an error of a non-zero exit code only", async () => {
  expect((await agent.client.exec(["true"]).orThrow()).exitCode).toBe(0);
  await expect(agent.client.exec(sh("echo why >&2; exit 3")).orThrow()).rejects.toMatchObject({
    code: "EXEC_FAILED",
    message: '"sh" ended with exit code 3',
    details: { exitCode: 3, signal: null, stderr: "why\n" },
  });
});

test("after an iteration the process can be awaited for its exit, without the output", async () => {
  const process = agent.client.exec(sh("echo taken; exit 4"));
  for await (const _event of process);
  expect(await process).toMatchObject({ exitCode: 4, stdout: new Uint8Array(0), truncated: false });
});

test("output is taken once", async () => {
  const process = agent.client.exec(["true"]);
  await process;
  expect(() => process[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "EXEC_OUTPUT_TAKEN" }));
  expect((await process).exitCode).toBe(0);
});

test.each([["16 MiB", 16 * 1024 * 1024]])("%s of arbitrary bytes go in and come back", async (_name, length) => {
  const bytes = randomBytes(length);
  const result = await agent.client.exec(["cat"], { stdin: bytes });
  expect(result.truncated).toBe(false);
  expect(Buffer.compare(result.stdout, bytes)).toBe(0);
});

const rounds = process.env["A3S_SOAK"] === "1" ? 1000 : 100;

test(`8 execs at a time, ${rounds} times over, mix no byte`, { timeout: rounds * 1200 }, async () => {
  const one = async (index: number) => {
    const result = await agent.client.exec(sh(`head -c 5000 | tr x ${index % 10}; exit ${index % 256}`), {
      stdin: "x".repeat(5000),
    });
    expect(result.exitCode).toBe(index % 256);
    expect(result.text()).toBe(String(index % 10).repeat(5000));
  };
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 8 }, (_, index) => one(round * 8 + index)));
  }
});
