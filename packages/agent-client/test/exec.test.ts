import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExecEvent } from "../src/index.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

const sh = (script: string) => ["sh", "-c", script];

test("a process is awaited for exit code, output and duration", async () => {
  const result = await agent.client.exec(sh("echo out; echo err >&2; exit 7"));
  expect(result).toMatchObject({ exitCode: 7, signal: null, truncated: false, ok: false });
  expect(result.text()).toBe("out\n");
  expect(result.text("stderr")).toBe("err\n");
  expect(result.durationMs).toBeGreaterThan(0);
});

test("orThrow makes an error of a non-zero exit code only", async () => {
  expect((await agent.client.exec(["true"]).orThrow()).exitCode).toBe(0);
  await expect(agent.client.exec(sh("echo why >&2; exit 3")).orThrow()).rejects.toMatchObject({
    code: "EXEC_FAILED",
    message: '"sh" ended with exit code 3',
    details: { exitCode: 3, signal: null, stderr: "why\n" },
  });
});

test("a process is iterated: started, output in order, exit", async () => {
  const events: ExecEvent[] = [];
  for await (const event of agent.client.exec(sh("printf one; printf two"))) events.push(event);
  expect(events[0]).toEqual({ type: "started", pid: expect.any(Number), id: expect.any(Number) });
  expect(events.at(-1)).toMatchObject({ type: "exit", exitCode: 0, signal: null });
  const output = events.filter((event) => event.type === "stdout").map((event) => event.data);
  expect(Buffer.concat(output).toString()).toBe("onetwo");
});

test("after an iteration the process can be awaited for its exit, without the output", async () => {
  const process = agent.client.exec(sh("echo taken; exit 4"));
  for await (const _event of process);
  expect(await process).toMatchObject({ exitCode: 4, stdout: new Uint8Array(0), truncated: false });
});

test("a string is run by the shell", async () => {
  expect((await agent.client.exec("printf 'a b' | tr a c")).text()).toBe("c b");
});

test("output is taken once", async () => {
  const process = agent.client.exec(["true"]);
  await process;
  expect(() => process[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "EXEC_OUTPUT_TAKEN" }));
  expect((await process).exitCode).toBe(0);
});

test.each([
  ["64 KiB and one byte", 64 * 1024 + 1],
  ["16 MiB", 16 * 1024 * 1024],
])("%s of arbitrary bytes go in and come back", async (_name, length) => {
  const bytes = randomBytes(length);
  const result = await agent.client.exec(["cat"], { stdin: bytes });
  expect(result.truncated).toBe(false);
  expect(Buffer.compare(result.stdout, bytes)).toBe(0);
});

test("stdin may be a string or a stream, and ends when that ends", async () => {
  expect((await agent.client.exec(["cat"], { stdin: "grüße\n" })).text()).toBe("grüße\n");
  const stream = new Blob(["a".repeat(200_000)]).stream();
  const { stdout } = await agent.client.exec(["sha256sum"], { stdin: stream });
  expect(Buffer.from(stdout).toString().slice(0, 64)).toBe(
    createHash("sha256").update("a".repeat(200_000)).digest("hex"),
  );
});

test("without stdin a command reads an end at once", async () => {
  expect((await agent.client.exec(["cat"])).stdout).toHaveLength(0);
});

test("an empty stdin is an end at once, too", async () => {
  expect((await agent.client.exec(["cat"], { stdin: "" })).stdout).toHaveLength(0);
});

test("a command that does not read its stdin ends all the same, and the source is released", async () => {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  async function* endless() {
    try {
      for (;;) yield new Uint8Array(64 * 1024);
    } finally {
      resolve();
    }
  }
  expect((await agent.client.exec(sh("exit 5"), { stdin: endless() })).exitCode).toBe(5);
  await released;
});

test("bytes that are not UTF-8 arrive as they are", async () => {
  const { stdout } = await agent.client.exec(sh(String.raw`printf '\377\000\376x'`));
  expect([...stdout]).toEqual([0xff, 0, 0xfe, 0x78]);
});

test("the environment is exactly the one given", async () => {
  const { stdout } = await agent.client.exec(["/usr/bin/env"], { env: { ONLY: "this one=1\n2" } });
  expect(Buffer.from(stdout).toString()).toBe("ONLY=this one=1\n2\n");
});

test("cwd is where the command runs", async () => {
  expect((await agent.client.exec(["pwd"], { cwd: "/usr" })).text()).toBe("/usr\n");
});

test("what goes beyond maxBufferBytes is dropped and told; the command ends normally", async () => {
  const result = await agent.client.exec(sh("head -c 1000000 /dev/zero; printf ok >&2; exit 6"), {
    maxBufferBytes: 1000,
  });
  expect(result).toMatchObject({ exitCode: 6, truncated: true });
  expect(result.stdout).toHaveLength(1000);
  expect(result.text("stderr")).toBe("ok");
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

test("more execs at once than the connection has streams wait for their turn", { timeout: 60_000 }, async () => {
  const results = await Promise.all(Array.from({ length: 150 }, (_, index) => agent.client.exec(["echo", `${index}`])));
  expect(results.map((result) => result.text())).toEqual(results.map((_, index) => `${index}\n`));
});
