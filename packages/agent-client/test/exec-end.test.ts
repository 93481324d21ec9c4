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

test("timeoutMs kills the tree; the result says so and has the output up to there", async () => {
  const gone = treeGone();
  const result = await agent.client.exec(tree(), { timeoutMs: 300 });
  expect(result).toMatchObject({ exitCode: 137, signal: "SIGKILL", timedOut: true, ok: false });
  expect(result.text()).toBe("running\n");
  await gone;
  expect(() => result.orThrow()).toThrow(expect.objectContaining({ code: "EXEC_TIMED_OUT" }));
});

test("killGraceMs lets a command end by itself after timeoutMs", async () => {
  const script = "trap 'echo ending; exit 0' TERM; while :; do sleep 0.01; done";
  const result = await agent.client.exec(script, { timeoutMs: 200, killGraceMs: 60_000 });
  expect(result).toMatchObject({ exitCode: 0, signal: null, timedOut: true });
  expect(result.text()).toBe("ending\n");
  expect(() => result.orThrow()).toThrow(expect.objectContaining({ code: "EXEC_TIMED_OUT" }));
});

test("a command that ends in time did not time out", async () => {
  expect((await agent.client.exec(["true"], { timeoutMs: 60_000 })).timedOut).toBe(false);
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

test("kill overtakes stdin that the command does not read", async () => {
  const process = agent.client.exec(["sleep", "1000"], { stdin: new Uint8Array(8 * 1024 * 1024) });
  await process.started;
  expect(process.kill()).toBe(true);
  expect(await process).toMatchObject({ exitCode: 143, signal: "SIGTERM" });
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
