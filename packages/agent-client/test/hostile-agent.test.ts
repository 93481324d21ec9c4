import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type ExecResponseSchema, ExecFailed_Reason as Reason } from "../src/gen/a3s/agent/v1/agent_pb.ts";
import type { HealthCheckResponse_ServingStatus } from "../src/gen/grpc/health/v1/health_pb.ts";
import { fakeAgent, fakeHttp2, fakeSocket } from "./fake-agent.ts";
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
  fakeAgent({
    async *exec() {
      yield* responses;
    },
  });
const never = () => new Promise<never>(() => {});

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

test("an error status is the agent's own refusal", async () => {
  const refuse = () => Promise.reject(new ConnectError("not \x1b[2J now", Code.FailedPrecondition));
  await using agent = await fakeAgent({ info: refuse });
  await expect(agent.client.info()).rejects.toMatchObject({
    code: "AGENT_CALL_FAILED",
    message: "The guest agent refused the call: not [2J now",
    details: { status: "FailedPrecondition" },
  });
});

test("an agent that never answers meets the deadline of a call and the signal of an exec", {
  timeout: 20_000,
}, async () => {
  await using agent = await fakeAgent(
    {
      exec: async function* () {
        yield await never();
      },
    },
    { check: never },
  );
  await expect(agent.client.health({ timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await expect(agent.client.health({ signal: AbortSignal.abort("why") })).rejects.toBe("why");
  await expect(agent.client.exec(["x"], { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const controller = new AbortController();
  const pending = agent.client.exec(["x"], { signal: controller.signal }).then();
  controller.abort("stop");
  await expect(pending).rejects.toBe("stop");
});

test("a cancelled exec is cancelled at the agent", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  await using agent = await fakeAgent({
    async *exec(_requests, { signal }) {
      signal.addEventListener("abort", () => resolve(ConnectError.from(signal.reason).code));
      yield started;
      await never();
    },
  });
  const controller = new AbortController();
  const events = agent.client.exec(["x"], { signal: controller.signal })[Symbol.asyncIterator]();
  await events.next();
  controller.abort("stop");
  expect(await cancelled).toBe(Code.Canceled);
});

test("an agent that does not end the stream after the exit keeps nobody waiting", async () => {
  await using agent = await fakeAgent({
    async *exec() {
      yield started;
      yield exited(4);
      await never();
    },
  });
  expect((await agent.client.exec(["x"])).exitCode).toBe(4);
});

test("endless output is bounded by maxBufferBytes and timeoutMs", { timeout: 60_000 }, async () => {
  await using agent = await fakeAgent({
    async *exec() {
      yield started;
      for (;;) yield stdout(new Uint8Array(28 * 1024));
    },
  });
  const before = retainedBytes();
  await expect(agent.client.exec(["x"], { timeoutMs: 500, maxBufferBytes: 4096 })).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
  });
  expect(retainedBytes() - before).toBeLessThan(8 * 1024 * 1024);
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

test("a connection that breaks in the middle rejects every pending call", async () => {
  await using agent = await fakeAgent(
    {
      async *exec() {
        yield started;
        await never();
      },
    },
    { check: never },
  );
  const events = agent.client.exec(["x"])[Symbol.asyncIterator]();
  await events.next();
  const pending = [events.next(), agent.client.exec(["y"]).then(), agent.client.health()];
  const rejected = pending.map((call) => expect(call).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" }));
  agent.connections[0]?.destroy();
  await Promise.all(rejected);
});

test("the next call after a break opens a new connection", async () => {
  await using agent = await fakeAgent({}, { check: () => ({ status: 1 }) });
  expect(await agent.client.health()).toBe("serving");
  agent.sessions[0]?.goaway();
  agent.sessions[0]?.destroy();
  // Whether this side knows of the break yet is a matter of time.
  expect(await agent.client.health().catch((error) => error.code)).toMatch(/^serving|AGENT_UNAVAILABLE$/);
  expect(await agent.client.health()).toBe("serving");
  expect(agent.connections.length).toBeGreaterThan(1);
});

test("a stream that is reset before its answer does not hang", async () => {
  await using agent = await fakeHttp2((stream) => {
    stream.on("error", () => {});
    stream.close(0);
  });
  await expect(agent.client.exec(["x"])).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  await expect(agent.client.health()).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
});

test.each<[string, Record<string, string | number>, Buffer]>([
  ["another content type", { ":status": 200, "content-type": "text/html" }, Buffer.from("<html>")],
  ["an HTTP error", { ":status": 404 }, Buffer.from("not here")],
  ["bytes that are no message", { ":status": 200, "content-type": "application/grpc" }, randomBytes(64)],
  ["half a message", { ":status": 200, "content-type": "application/grpc" }, Buffer.from([0, 0, 0, 0, 9, 1])],
  [
    "a compressed message that nobody asked for",
    { ":status": 200, "content-type": "application/grpc", "grpc-encoding": "gzip" },
    Buffer.concat([Buffer.from([1, 0, 0, 4, 0]), gzipSync(Buffer.alloc(1_000_000))]),
  ],
])("%s is a violation of the protocol", async (_name, headers, body) => {
  await using agent = await fakeHttp2((stream) => {
    stream.on("error", () => {});
    stream.respond(headers);
    stream.end(body);
  });
  await expect(agent.client.info()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  await expect(agent.client.exec(["x"])).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("garbage instead of HTTP/2 is a typed error", async () => {
  await using agent = await fakeSocket((socket) => void socket.write(randomBytes(4096)));
  await expect(agent.client.health()).rejects.toMatchObject({
    code: expect.stringMatching(/^AGENT_(PROTOCOL_VIOLATION|UNAVAILABLE)$/),
  });
});

test("an agent that takes the connection and falls silent is noticed by keep-alive", async () => {
  const silent = fakeSocket((socket) => void socket.resume(), { keepAlive: { intervalMs: 20, timeoutMs: 50 } });
  await using agent = await silent;
  await expect(agent.client.exec(["x"])).rejects.toMatchObject({
    code: "AGENT_UNAVAILABLE",
    message: expect.stringContaining("keep-alive"),
  });
});

test("a live but quiet agent is not taken for dead", async () => {
  let answer: () => void = () => {};
  const waiting = new Promise<void>((resolve) => (answer = resolve));
  await using agent = await fakeAgent({
    async *exec() {
      yield started;
      await waiting;
      yield exited(0);
    },
  });
  const process = agent.client.exec(["x"]);
  const events = process[Symbol.asyncIterator]();
  await events.next();
  const next = events.next();
  await new Promise((resolve) => agent.sessions[0]?.ping(resolve));
  answer();
  expect((await next).value).toMatchObject({ type: "exit", exitCode: 0 });
});

test("what an agent says about itself is bounded and stripped", async () => {
  const info = { agentVersion: "1\n2", machine: "m".repeat(5000), uptime: { seconds: -9n, nanos: 0 } };
  const check = () => ({ status: 42 as HealthCheckResponse_ServingStatus });
  await using agent = await fakeAgent({ info: () => info }, { check });
  const { agentVersion, machine, uptimeMs } = await agent.client.info();
  expect({ agentVersion, machine: machine.length, uptimeMs }).toEqual({
    agentVersion: "1 2",
    machine: 257,
    uptimeMs: 0,
  });
  expect(await agent.client.health()).toBe("unknown");
});
