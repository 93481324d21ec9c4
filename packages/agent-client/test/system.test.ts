import { afterAll, beforeAll, expect, test } from "vitest";
import { doubleAgent } from "./fake-agent.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("a guest gets 64 random bytes, other ones each time", async () => {
  const given: Uint8Array[] = [];
  const reseedRandom = ({ entropy }: { entropy: Uint8Array }) => {
    given.push(entropy);
    return {};
  };
  await using fake = await doubleAgent({ methods: { system: { reseedRandom } } });
  await fake.client.system.reseedRandom();
  await fake.client.system.reseedRandom();
  expect(given.map((bytes) => bytes.length)).toEqual([64, 64]);
  expect(given[0]).not.toEqual(given[1]);
});

test.each([
  ["more memory than there is", { memory: { total: 2n ** 63n } }],
  ["more bytes than a network carries", { network: { sentBytes: 2n ** 63n } }],
  ["a load that is no number", { load: [Number.NaN] }],
  ["a load below none", { load: [0, -1] }],
])("a hostile agent that reports %s breaks the protocol", async (_name, stats) => {
  await using hostile = await doubleAgent({ methods: { system: { stats: () => stats } } });
  await expect(hostile.client.system.stats()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("what an agent leaves out is nothing", async () => {
  await using empty = await doubleAgent({ methods: { system: { stats: () => ({}) } } });
  expect(await empty.client.system.stats()).toMatchObject({
    uptimeMs: 0,
    load: [0, 0, 0],
    memory: { totalBytes: 0 },
    network: { sentBytes: 0 },
  });
});
