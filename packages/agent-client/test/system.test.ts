import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeAgent } from "./fake-agent.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("stats are the kernel's, in milliseconds and bytes", async () => {
  const { system } = agent.client;
  const stats = await system.stats();
  expect(stats.cpu.count).toBeGreaterThanOrEqual(1);
  expect(stats.memory.totalBytes).toBeGreaterThan(64 * 1024 * 1024);
  expect(stats.memory.availableBytes).toBeLessThanOrEqual(stats.memory.totalBytes);
  expect(stats.taskCount).toBeGreaterThan(1);
  const next = await system.stats();
  expect(next.cpu.userMs + next.cpu.idleMs).toBeGreaterThanOrEqual(stats.cpu.userMs + stats.cpu.idleMs);
  expect(next.uptimeMs).toBeGreaterThan(stats.uptimeMs);
});

test("a sync is done when it resolves; a clock that is not the agent's is refused", async () => {
  await agent.client.system.sync({ timeoutMs: 60_000 });
  await expect(agent.client.system.setTime()).rejects.toMatchObject({
    code: "AGENT_CALL_FAILED",
    details: { status: "FailedPrecondition" },
  });
});

test("a guest gets 64 random bytes, other ones each time", async () => {
  const given: Uint8Array[] = [];
  const reseedRandom = ({ entropy }: { entropy: Uint8Array }) => {
    given.push(entropy);
    return {};
  };
  await using fake = await fakeAgent({}, {}, {}, { reseedRandom });
  await fake.client.system.reseedRandom();
  await fake.client.system.reseedRandom();
  expect(given.map((bytes) => bytes.length)).toEqual([64, 64]);
  expect(given[0]).not.toEqual(given[1]);
});

test.each([
  ["more memory than there is", { memory: { total: 2n ** 63n } }],
  ["a load that is no number", { load: [Number.NaN] }],
  ["a load below none", { load: [0, -1] }],
])("a hostile agent that reports %s breaks the protocol", async (_name, stats) => {
  await using hostile = await fakeAgent({}, {}, {}, { stats: () => stats });
  await expect(hostile.client.system.stats()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("what an agent leaves out is nothing", async () => {
  await using empty = await fakeAgent({}, {}, {}, { stats: () => ({}) });
  expect(await empty.client.system.stats()).toMatchObject({ uptimeMs: 0, load: [0, 0, 0], memory: { totalBytes: 0 } });
});
