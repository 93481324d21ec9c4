import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ExecEvent, ExecProcess } from "../src/index.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

let agent: RealAgent;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let count = 0;
let fifo: string;
beforeAll(async () => {
  agent = await startRealAgent();
  scratch = await scratchDirectory();
});
beforeEach(async () => {
  fifo = join(scratch.path, `fifo${count++}`);
  await promisify(execFile)("mkfifo", [fifo]);
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** A shell with a child of its own; both hold the pipe open, so its end says that both are gone. */
function tree(): string[] {
  return ["sh", "-c", `exec 3>${fifo}; trap '' TERM; sleep 1000 & echo running; wait; sleep 1000`];
}

async function untilOutput(events: AsyncIterator<ExecEvent>): Promise<void> {
  for (;;) {
    const { done, value } = await events.next();
    if (done || value.type === "stdout") return;
  }
}

/** Resolves when nobody holds the pipe any more. */
const treeGone = () => text(createReadStream(fifo));

async function running(process: ExecProcess): Promise<AsyncGenerator<ExecEvent, void, undefined>> {
  const events = process[Symbol.asyncIterator]();
  await untilOutput(events);
  return events;
}

test("aborting rejects with the reason and kills the whole process tree", async () => {
  const controller = new AbortController();
  const gone = treeGone();
  const events = await running(agent.client.exec(tree(), { signal: controller.signal }));
  const reason = new Error("enough");
  const pending = events.next();
  controller.abort(reason);
  await expect(pending).rejects.toBe(reason);
  await gone;
});

test("an awaited process is aborted as well", async () => {
  const controller = new AbortController();
  const result = agent.client.exec(["sleep", "1000"], { signal: controller.signal }).then();
  await agent.client.exec(["true"]);
  controller.abort("enough");
  await expect(result).rejects.toBe("enough");
});

test("a signal that is aborted already lets nothing start", async () => {
  await expect(agent.client.exec(["sleep", "1000"], { signal: AbortSignal.abort("before") })).rejects.toBe("before");
});

test("timeoutMs ends the command with DEADLINE_EXCEEDED", async () => {
  const gone = treeGone();
  await expect(agent.client.exec(tree(), { timeoutMs: 300 })).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
    message: expect.stringContaining('"sh"'),
  });
  await gone;
});

test("leaving the iteration kills the tree", async () => {
  const gone = treeGone();
  const process = agent.client.exec(tree());
  for await (const event of process) if (event.type === "stdout") break;
  await expect(process).rejects.toMatchObject({ code: "EXEC_DISPOSED" });
  await gone;
});

test("a process that goes out of scope kills the tree", async () => {
  const gone = treeGone();
  {
    await using process = agent.client.exec(tree());
    await running(process);
  }
  await gone;
});

test("a command that reads nothing of a large stdin is still ended by an abort", async () => {
  const controller = new AbortController();
  const gone = treeGone();
  const process = agent.client.exec(tree(), { signal: controller.signal, stdin: new Uint8Array(8 * 1024 * 1024) });
  await running(process);
  controller.abort("enough");
  await gone;
});

test("disposing the client fails what is pending", async () => {
  await using other = await startRealAgent();
  const result = other.client.exec(["sleep", "1000"]).then();
  const failed = expect(result).rejects.toMatchObject({ code: "AGENT_CLOSED" });
  await other.client.health();
  await other.client[Symbol.asyncDispose]();
  await failed;
  await expect(other.client.health()).rejects.toMatchObject({ code: "AGENT_CLOSED" });
  await expect(other.client.exec(["true"])).rejects.toMatchObject({ code: "AGENT_CLOSED" });
});

test.each([
  ["SIGTERM", 143],
  ["SIGKILL", 137],
  ["SIGUSR1", 138],
] as const)("kill(%s) ends a command with %i and names the signal", async (signal, exitCode) => {
  const process = agent.client.exec(["sh", "-c", "echo running; sleep 1000"]);
  const events = await running(process);
  expect(process.kill(signal)).toBe(true);
  expect(await events.next()).toMatchObject({ value: { type: "exit", exitCode, signal } });
  expect((await events.next()).done).toBe(true);
  expect(process.kill()).toBe(false);
});

test("a command may handle a signal and go on", async () => {
  const process = agent.client.exec([
    "sh",
    "-c",
    "trap 'echo caught; exit 9' HUP; echo running; while :; do sleep 0.01; done",
  ]);
  const events = await running(process);
  process.kill("SIGHUP");
  const rest = await Array.fromAsync(events);
  const output = rest.filter((event) => event.type === "stdout").map((event) => event.data);
  expect(Buffer.concat(output).toString()).toBe("caught\n");
  expect(rest.at(-1)).toMatchObject({ type: "exit", exitCode: 9, signal: null });
});
