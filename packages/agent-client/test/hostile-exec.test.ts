import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type ExecResponseSchema, ExecFailed_Reason as Reason } from "../src/gen/a3s/agent/v1/agent_pb.ts";
import { doubleAgent } from "./fake-agent.ts";
import { retainedBytes } from "./retained-bytes.ts";

type Response = MessageInitShape<typeof ExecResponseSchema>;
const started: Response = { message: { case: "started", value: { pid: 7 } } };
const stdout = (data: Uint8Array): Response => ({
  message: { case: "stdout", value: data as Uint8Array<ArrayBuffer> },
});
const exited = (code: number, signal = 0): Response => ({ message: { case: "exited", value: { code, signal } } });
const failed = (reason: Reason, message: string): Response => ({
  message: { case: "failed", value: { reason, message } },
});

/** An agent that answers every exec with these messages. */
const answering = (...responses: Response[]) =>
  doubleAgent({
    methods: {
      agent: {
        async *exec() {
          yield* responses;
        },
      },
    },
  });

test.each<[string, Response[]]>([
  ["an exit code above 255", [started, exited(256)]],
  ["a negative exit code", [started, exited(-1)]],
  ["a signal that is none", [started, exited(128 + 65, 65)]],
  ["a signal that does not fit the exit code", [started, exited(0, 9)]],
  ["output before the start", [stdout(new Uint8Array(3))]],
  ["an exit without a start", [exited(0)]],
  ["a second start", [started, started]],
  ["a process ID of 0", [{ message: { case: "started", value: { pid: 0 } } }]],
  ["an id that nobody counts up to", [{ message: { case: "started", value: { pid: 1, id: 2n ** 60n } } }]],
  ["an end without an exit", [started, stdout(new Uint8Array(3))]],
  ["nothing at all", []],
  ["a message larger than the limit", [started, stdout(new Uint8Array(400_000)), exited(0)]],
])("%s is a violation of the protocol", async (_name, responses) => {
  await using agent = await answering(...responses);
  await expect(agent.client.exec(["x"])).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("a message of a later protocol is passed over", async () => {
  await using agent = await answering(started, { message: { case: undefined } }, exited(3));
  expect((await agent.client.exec(["x"])).exitCode).toBe(3);
});

test.each([
  [Reason.BAD_USER, "EXEC_USER_INVALID"],
  [Reason.BAD_CWD, "EXEC_CWD_INVALID"],
  [Reason.INVALID, "EXEC_INVALID"],
  [Reason.RESOURCES, "EXEC_RESOURCES_EXHAUSTED"],
  [Reason.UNSPECIFIED, "AGENT_CALL_FAILED"],
  [99 as Reason, "AGENT_CALL_FAILED"],
])("reason %i of a failed start is %s", async (reason, code) => {
  await using agent = await answering(failed(reason, "because"));
  await expect(agent.client.exec(["x"])).rejects.toMatchObject({ code, message: '"x" was not started: because' });
});

test("text of an agent is bounded and cannot drive a terminal", async () => {
  await using agent = await answering(failed(Reason.NOT_FOUND, `\x1b]0;owned\x07\u202e${"long ".repeat(5000)}`));
  const message = await agent.client.exec(["x"]).then(String, (error: Error) => error.message);
  expect(message).toMatch(/^"x" was not started: \]0;owned long [^\p{C}]*…$/u);
  expect(message.length).toBeLessThan(1100);
});

test("a cancelled exec is cancelled at the agent", async () => {
  await using agent = await doubleAgent({});
  const controller = new AbortController();
  const process = agent.client.exec(["sleep", "1000"], { signal: controller.signal });
  const { id } = await process.started;
  const ended = agent.client.processes.wait(id);
  controller.abort("stop");
  expect(await ended).toMatchObject({ signal: "SIGKILL" });
  await expect(process).rejects.toBe("stop");
});

test("trailers that never come keep nobody waiting after the exit", async () => {
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault: { type: "linger" } }] });
  expect((await agent.client.exec("exit 4")).exitCode).toBe(4);
  const events = await Array.fromAsync(agent.client.exec("exit 5"));
  expect(events.at(-1)).toMatchObject({ type: "exit", exitCode: 5 });
});

test("what comes after the exit is not heard, however much it is", async () => {
  const more = async function* (proper: AsyncIterable<object>) {
    yield* proper;
    yield exited(9);
    for (;;) yield stdout(new Uint8Array(28 * 1024));
  };
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault: { type: "rewrite", messages: more } }] });
  const before = retainedBytes();
  const result = await agent.client.exec("echo out; exit 3");
  expect([result.exitCode, result.text()]).toEqual([3, "out\n"]);
  const events = await Array.fromAsync(agent.client.exec("exit 4"));
  expect(events.map(({ type }) => type)).toEqual(["started", "exit"]);
  expect(await agent.client.health()).toBe("serving");
  expect(retainedBytes() - before).toBeLessThan(8 * 1024 * 1024);
});

test("messages out of order are a violation of the protocol", async () => {
  const backwards = async function* (proper: AsyncIterable<object>) {
    yield* (await Array.fromAsync(proper)).toReversed();
  };
  const fault = { type: "rewrite", messages: backwards } as const;
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault }] });
  await expect(agent.client.exec("echo out")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test.each([0, 1, 2])("a stream that breaks off after %i messages is no end of a command", async (afterMessages) => {
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault: { type: "cut", afterMessages } }] });
  await expect(agent.client.exec("echo out")).rejects.toMatchObject({
    code: expect.stringMatching(/^AGENT_(UNAVAILABLE|PROTOCOL_VIOLATION)$/),
  });
  expect(await agent.client.health()).toBe("serving");
});

test("process IDs that belong to others are what the agent says, and end nothing but in the guest", async () => {
  const wrong = async function* (proper: AsyncIterable<object>) {
    for await (const message of proper) {
      const isStart = (message as { message: { case?: string } }).message.case === "started";
      yield isStart ? { message: { case: "started", value: { pid: process.pid, id: 12_345n } } } : message;
    }
  };
  const fault = { type: "rewrite", messages: wrong } as const;
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault }] });
  const victim = agent.client.exec(["sleep", "1000"]);
  expect(await victim.started).toMatchObject({ pid: process.pid, id: 12_345 });
  expect(victim.kill("SIGKILL")).toBe(true);
  await victim[Symbol.asyncDispose]();
  await expect(victim).rejects.toMatchObject({ code: expect.stringMatching(/^(EXEC_DISPOSED|PROCESS_UNKNOWN)$/) });
});

test("endless output is bounded by maxBufferBytes and timeoutMs", { timeout: 60_000 }, async () => {
  const fault = { type: "endless", message: 1 } as const;
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault }] });
  const before = retainedBytes();
  const endless = agent.client.exec("head -c 28672 /dev/zero; sleep 1000", { timeoutMs: 500, maxBufferBytes: 4096 });
  await expect(endless).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  expect(retainedBytes() - before).toBeLessThan(8 * 1024 * 1024);
});

test("messages of nothing without end meet the deadline, and let others be answered", { timeout: 60_000 }, async () => {
  const nothing = async function* () {
    yield started;
    for (;;) {
      yield { message: { case: undefined } };
      await new Promise(setImmediate);
    }
  };
  const fault = { type: "rewrite", messages: nothing } as const;
  await using agent = await doubleAgent({ faults: [{ method: "Exec", fault }] });
  const endless = agent.client.exec(["x"], { timeoutMs: 500 }).then();
  const rejected = expect(endless).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  expect(await agent.client.health()).toBe("serving");
  await rejected;
});

test("single bytes do not make us keep the reads that they came in", async () => {
  const bytes = 20_000;
  await using agent = await answering(
    started,
    ...Array.from({ length: bytes }, () => stdout(new Uint8Array([65]))),
    exited(0),
  );
  const { stdout: output } = await agent.client.exec(["x"]);
  expect(output).toHaveLength(bytes);
  expect(output.buffer.byteLength).toBeLessThan(bytes * 3);
});
