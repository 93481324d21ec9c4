import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { retainedBytes } from "./retained-bytes.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

const MIB = 1024 * 1024;

/** Bytes that a process has written so far. */
async function written(pid: number): Promise<number> {
  return Number(/^wchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, "utf8"))?.[1]);
}

test("a reader that stops holds back the command, not the memory", { timeout: 60_000 }, async () => {
  await using endless = agent.client.exec(["cat", "/dev/zero"]);
  const events = endless[Symbol.asyncIterator]();
  const started = await events.next();
  const pid = started.value?.type === "started" ? started.value.pid : 0;
  let read = 0;
  for (let taken = 0; taken < 50; taken++) {
    const { value } = await events.next();
    if (value?.type === "stdout") read += value.data.length;
  }
  // The time in which another exec moves 64 MiB is enough for one that nobody reads to run away.
  const other = await agent.client.exec(["head", "-c", `${64 * MIB}`, "/dev/zero"], { maxBufferBytes: 64 * MIB });
  expect(other.stdout).toHaveLength(64 * MIB);
  expect((await written(pid)) - read).toBeLessThan(4 * MIB);
});

test("a stalled exec does not stall others on the same connection", async () => {
  await using stalled = agent.client.exec(["cat", "/dev/zero"]);
  await stalled[Symbol.asyncIterator]().next();
  for (let round = 0; round < 5; round++) {
    expect((await agent.client.exec(["head", "-c", "1000000", "/dev/zero"])).stdout).toHaveLength(1_000_000);
  }
});

test("a command that does not read holds back the source of its stdin", async () => {
  let given = 0;
  async function* source() {
    for (;;) {
      given += 32 * 1024;
      yield new Uint8Array(32 * 1024);
    }
  }
  await using _stalled = agent.client.exec(["sleep", "1000"], { stdin: source() });
  await agent.client.exec(["head", "-c", `${16 * MIB}`, "/dev/zero"]);
  expect(given).toBeLessThan(4 * MIB);
});

test("a quarter of a gigabyte of dropped output needs no memory", { timeout: 120_000 }, async () => {
  const before = retainedBytes();
  const result = await agent.client.exec(["head", "-c", `${256 * MIB}`, "/dev/zero"], { maxBufferBytes: MIB });
  expect(result).toMatchObject({ exitCode: 0, truncated: true });
  expect(retainedBytes() - before).toBeLessThan(24 * MIB);
});
