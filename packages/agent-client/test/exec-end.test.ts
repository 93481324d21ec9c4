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

test("timeoutMs kills the tree; the result says so and has the output up to there", async () => {
  const gone = treeGone();
  const result = await agent.client.exec(tree(), { timeoutMs: 300 });
  expect(result).toMatchObject({ exitCode: 137, signal: "SIGKILL", timedOut: true, ok: false });
  expect(result.text()).toBe("running\n");
  await gone;
  expect(() => result.orThrow()).toThrow(expect.objectContaining({ code: "EXEC_TIMED_OUT" }));
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

test("signals that are sent before anything is read arrive in order", async () => {
  const script = "trap 'echo usr1' USR1; trap 'exit 8' TERM; echo running; while :; do sleep 0.01; done";
  const process = agent.client.exec(script);
  const output = process.stdout.getReader();
  await output.read();
  process.kill("SIGUSR1");
  expect(Buffer.from((await output.read()).value ?? []).toString()).toBe("usr1\n");
  process.kill("SIGTERM");
  expect((await process).exitCode).toBe(8);
});
