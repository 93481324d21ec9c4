import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("a stream is piped through a command, byte for byte", async () => {
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 253);
  const process = agent.client.exec(["cat"], { stdin: true });
  const [, output] = await Promise.all([
    new Blob([bytes]).stream().pipeTo(process.stdin as WritableStream<Uint8Array>),
    new Response(process.stdout).bytes(),
  ]);
  expect(Buffer.compare(output, bytes)).toBe(0);
});

test("there is no stdin to write to unless it was asked for", () => {
  const process = agent.client.exec(["true"]);
  expect(process.stdin).toBeUndefined();
  expect(agent.client.exec(["true"], { stdin: "x" }).stdin).toBeUndefined();
});

test("a write to a command that has ended, or ends, fails", async () => {
  const process = agent.client.exec(["true"], { stdin: true });
  const writer = process.stdin?.getWriter();
  writer?.closed.catch(() => {});
  await process;
  await expect(writer?.write("x")).rejects.toMatchObject({ code: "EXEC_ENDED" });
  const other = agent.client.exec("sleep 0.2", { stdin: true });
  const pipe = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
  const piped = expect(pipe.pipeTo(other.stdin as WritableStream<Uint8Array>)).rejects;
  await Promise.all([piped.toMatchObject({ code: "EXEC_ENDED" }), other]);
});

test("a stdin that is aborted ends the command", async () => {
  const process = agent.client.exec(["cat"], { stdin: true });
  process.stdin?.abort("broken").catch(() => {});
  await expect(process).rejects.toMatchObject({ code: "EXEC_STDIN_FAILED", cause: "broken" });
});

test("streams fail as the process does", async () => {
  const controller = new AbortController();
  const process = agent.client.exec("echo some; sleep 1000", { signal: controller.signal });
  const reader = process.stdout.getReader();
  await reader.read();
  const pending = reader.read();
  controller.abort("enough");
  await expect(pending).rejects.toBe("enough");
  await expect(process).rejects.toBe("enough");
  await expect(agent.client.exec(["no-such-command"]).stdout.getReader().read()).rejects.toMatchObject({
    code: "COMMAND_NOT_FOUND",
  });
});

test("an abort is not held up by a stream that nobody reads", async () => {
  const controller = new AbortController();
  const process = agent.client.exec(["cat", "/dev/zero"], { signal: controller.signal });
  const { stdout } = process;
  const ended = expect(process).rejects.toBe("enough");
  await agent.client.exec(["true"]);
  controller.abort("enough");
  await ended;
  await expect(stdout.getReader().read()).rejects.toBe("enough");
});

test("streams are taken before anything else", async () => {
  const process = agent.client.exec("echo out");
  await process;
  expect(() => process.stdout).toThrow(expect.objectContaining({ code: "EXEC_OUTPUT_TAKEN" }));
  const other = agent.client.exec("echo out");
  expect(other.stdout).toBe(other.stdout);
  expect(() => other[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "EXEC_OUTPUT_TAKEN" }));
  expect(await text(other.stdout)).toBe("out\n");
});
