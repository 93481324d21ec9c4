import { randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { startAgentDouble } from "@a3s/testing";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import type { HealthCheckResponse_ServingStatus } from "../src/gen/grpc/health/v1/health_pb.ts";
import { doubleAgent, fakeHttp2, fakeSocket } from "./fake-agent.ts";

test("an error status is the agent's own refusal", async () => {
  const fault = { type: "status", code: Code.FailedPrecondition, message: "not \x1b[2J now" } as const;
  await using agent = await doubleAgent({ faults: [{ method: "Info", fault }] });
  await expect(agent.client.info()).rejects.toMatchObject({
    code: "AGENT_CALL_FAILED",
    message: "The guest agent refused the call: not [2J now",
    details: { status: "FailedPrecondition" },
  });
});

test("an agent that never answers meets the deadline of a call and the signal of an exec", {
  timeout: 20_000,
}, async () => {
  await using agent = await doubleAgent({ faults: [{ fault: { type: "hang" } }] });
  await expect(agent.client.health({ timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await expect(agent.client.health({ signal: AbortSignal.abort("why") })).rejects.toBe("why");
  await expect(agent.client.exec(["x"], { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const controller = new AbortController();
  const pending = agent.client.exec(["x"], { signal: controller.signal }).then();
  controller.abort("stop");
  await expect(pending).rejects.toBe("stop");
});

test("trailers that never come meet the deadline of a call with one answer, and of one with many", async () => {
  await using agent = await doubleAgent({ faults: [{ fault: { type: "linger" } }] });
  await expect(agent.client.info({ timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const listed = agent.client.processes.list({ timeoutMs: 50 });
  await expect(listed).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("a connection that breaks in the middle rejects every pending call", async () => {
  await using agent = await doubleAgent({ faults: [{ method: "Check", fault: { type: "hang" } }] });
  const events = agent.client.exec(["sleep", "1000"])[Symbol.asyncIterator]();
  await events.next();
  const pending = [events.next(), agent.client.exec(["sleep", "1000"]).then(), agent.client.health()];
  const rejected = pending.map((call) => expect(call).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" }));
  agent.connections[0]?.destroy();
  await Promise.all(rejected);
});

test("a connection that breaks at each call rejects each at once, and never the next one", async () => {
  await using agent = await doubleAgent({ faults: [{ times: 5, fault: { type: "disconnect" } }] });
  for (let call = 0; call < 5; call++) {
    await expect(agent.client.info()).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  }
  expect(await agent.client.info()).toMatchObject({ agentVersion: "0.0.0-double" });
});

test("the next call after a break opens a new connection", async () => {
  await using agent = await doubleAgent({});
  expect(await agent.client.health()).toBe("serving");
  agent.sessions[0]?.goaway();
  agent.sessions[0]?.destroy();
  // Whether this side knows of the break yet is a matter of time.
  expect(await agent.client.health().catch((error) => error.code)).toMatch(/^serving|AGENT_UNAVAILABLE$/);
  expect(await agent.client.health()).toBe("serving");
  expect(agent.connections.length).toBeGreaterThan(1);
});

test("a stream that is reset before its answer does not hang", async () => {
  await using agent = await doubleAgent({ faults: [{ fault: { type: "reset" } }] });
  await expect(agent.client.exec(["x"])).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  await expect(agent.client.health()).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
});

test("garbage in place of messages is a violation of the protocol, whatever was called", async () => {
  await using agent = await doubleAgent({ faults: [{ fault: { type: "garbage" } }] });
  const { client } = agent;
  const calls = {
    health: () => client.health(),
    exec: () => client.exec(["x"]),
    list: () => client.processes.list(),
    wait: () => client.processes.wait(1),
    stats: () => client.system.stats(),
    read: () => client.files.readFile("/x"),
    write: () => client.files.writeFile("/x", "x"),
    readdir: () => client.files.readdir("/x"),
    watch: () => client.files.watch("/x"),
    upload: () => client.files.uploadTar("/x", "x"),
  };
  for (const [name, call] of Object.entries(calls)) {
    await expect(call(), name).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  }
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

test.each<[string, Record<string, string>, Buffer]>([
  ["a status that is none", { "grpc-status": "fine" }, Buffer.alloc(0)],
  ["a message of a status that cannot be read", { "grpc-status": "9", "grpc-message": "%zz" }, Buffer.alloc(0)],
  ["details of a status that are none", { "grpc-status": "9", "grpc-status-details-bin": "!" }, Buffer.alloc(0)],
  ["no status", { other: "1" }, Buffer.alloc(5)],
  ["no message", { "grpc-status": "0" }, Buffer.alloc(0)],
  ["one message too many", { "grpc-status": "0" }, Buffer.alloc(10)],
  ["half a message", { "grpc-status": "0" }, Buffer.alloc(8)],
])("an answer that ends with %s fails, and hangs nobody", async (_name, trailers, body) => {
  await using agent = await fakeHttp2((stream) => {
    stream.on("error", () => {});
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.end(body);
  });
  const code = expect.stringMatching(/^AGENT_(PROTOCOL_VIOLATION|CALL_FAILED)$/);
  await expect(agent.client.info()).rejects.toMatchObject({ code });
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

test("the call after a silence that keep-alive noticed has a connection of its own at once", async () => {
  await using alive = await startAgentDouble();
  let silent = true;
  const behind = (socket: Socket) => {
    if (silent) return void socket.pause();
    const through = createConnection(alive.socketPath);
    for (const end of [socket, through]) end.on("error", () => {});
    socket.pipe(through).pipe(socket);
  };
  await using agent = await fakeSocket(behind, { keepAlive: { intervalMs: 20, timeoutMs: 1000 } });
  // More than the socket takes, so that the broken connection is long in closing.
  const failed = Array.from({ length: 20 }, () =>
    agent.client.exec(["x".repeat(60_000)]).then(
      () => "answered",
      (error) => error.message,
    ),
  );
  expect(await Promise.race(failed)).toContain("keep-alive");
  silent = false;
  expect(await agent.client.health()).toBe("serving");
  expect(new Set(await Promise.all(failed)).size).toBe(1);
});

test("a live but quiet agent is not taken for dead", async () => {
  const { promise: waiting, resolve: answer } = Promise.withResolvers<number>();
  await using agent = await doubleAgent({ programs: { quiet: () => waiting } });
  const events = agent.client.exec(["quiet"])[Symbol.asyncIterator]();
  await events.next();
  const next = events.next();
  await new Promise((resolve) => agent.sessions[0]?.ping(resolve));
  answer(0);
  expect((await next).value).toMatchObject({ type: "exit", exitCode: 0 });
});

test("what an agent says about itself is bounded and stripped", async () => {
  const info = { agentVersion: "1\n2", machine: "m".repeat(5000), uptime: { seconds: -9n, nanos: 0 } };
  const check = () => ({ status: 42 as HealthCheckResponse_ServingStatus });
  await using agent = await doubleAgent({ methods: { agent: { info: () => info }, health: { check } } });
  const { agentVersion, machine, uptimeMs } = await agent.client.info();
  expect({ agentVersion, machine: machine.length, uptimeMs }).toEqual({
    agentVersion: "1 2",
    machine: 257,
    uptimeMs: 0,
  });
  expect(await agent.client.health()).toBe("unknown");
});
