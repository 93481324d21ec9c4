import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { load } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

/** gRPC's own client on the agent's socket, with the definitions in proto/ and nothing of ours. */
const PROTO = join(import.meta.dirname, "../../../proto");
const FILES = ["grpc/health/v1/health.proto", "a3s/agent/v1/agent.proto", "a3s/agent/v1/process.proto"];

let agent: RealAgent;
let health: grpc.Client;
let agents: grpc.Client;
let processes: grpc.Client;

beforeAll(async () => {
  agent = await startRealAgent();
  const definition = await load(FILES, { includeDirs: [PROTO], longs: Number, enums: String, oneofs: true });
  const packages = grpc.loadPackageDefinition(definition);
  const connect = (name: string) => {
    const path = name.split(".");
    // biome-ignore lint/suspicious/noExplicitAny: the loader knows the services only when it has read them
    const Service = path.reduce((found: any, part) => found[part], packages) as grpc.ServiceClientConstructor;
    return new Service(`unix:${agent.socketPath}`, grpc.credentials.createInsecure());
  };
  health = connect("grpc.health.v1.Health");
  agents = connect("a3s.agent.v1.AgentService");
  processes = connect("a3s.agent.v1.ProcessService");
});
afterAll(async () => {
  for (const client of [health, agents, processes]) client?.close();
  await agent?.[Symbol.asyncDispose]();
});

type Message = Record<string, unknown>;
type Methods = Record<string, (...parameters: unknown[]) => unknown>;

function unary(client: grpc.Client, method: string, request: Message): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>();
  const answer = (error: grpc.ServiceError | null, response: Message) => (error ? reject(error) : resolve(response));
  (client as unknown as Methods)[method]?.call(client, request, answer);
  return promise;
}

const open = <Call>(client: grpc.Client, method: string, ...parameters: unknown[]) =>
  (client as unknown as Methods)[method]?.call(client, ...parameters) as Call;

test("Health/Check and Watch", async () => {
  expect(await unary(health, "check", {})).toEqual({ status: "SERVING" });
  const service = "a3s.agent.v1.ProcessService";
  expect(await unary(health, "check", { service })).toEqual({ status: "SERVING" });
  await expect(unary(health, "check", { service: "no.such.Service" })).rejects.toMatchObject({
    code: grpc.status.NOT_FOUND,
  });
  const watch = open<grpc.ClientReadableStream<Message>>(health, "watch", { service });
  const updates = watch.on("error", () => {})[Symbol.asyncIterator]();
  expect((await updates.next()).value).toEqual({ status: "SERVING" });
  watch.cancel();
});

test.each(["ProcessService", "AgentService"])("%s/Exec: stdin, output and exit", async (service) => {
  const client = service === "AgentService" ? agents : processes;
  const call = open<grpc.ClientDuplexStream<Message, Message>>(client, "exec");
  const env = [{ name: "PATH", value: "/usr/bin:/bin" }];
  call.write({ start: { argv: ["sh", "-c", "cat; echo err >&2; exit 4"], env, openStdin: true } });
  call.write({ stdin: Buffer.from("hello") });
  call.write({ stdinClose: {} });
  const messages = await Array.fromAsync(call as AsyncIterable<Message>);
  expect(messages[0]).toMatchObject({
    message: "started",
    started: { pid: expect.any(Number), id: expect.any(Number) },
  });
  const bytes = (name: string) => messages.flatMap((message) => (message[name] ? [message[name] as Buffer] : []));
  expect(Buffer.concat(bytes("stdout")).toString()).toBe("hello");
  expect(Buffer.concat(bytes("stderr")).toString()).toBe("err\n");
  expect(messages.at(-1)).toMatchObject({ message: "exited", exited: { code: 4 } });
});

test("a process on a terminal, its list, resize, kill and end", async () => {
  const call = open<grpc.ClientDuplexStream<Message, Message>>(processes, "exec");
  call.write({ start: { argv: ["/bin/sleep", "1000"], terminal: { columns: 80, rows: 24 } } });
  const messages = call[Symbol.asyncIterator]();
  const { id } = (await messages.next()).value.started;
  const list = open<grpc.ClientReadableStream<Message>>(processes, "listProcesses", {});
  expect(await Array.fromAsync(list as AsyncIterable<Message>)).toContainEqual(
    expect.objectContaining({ id, argv: ["/bin/sleep", "1000"], terminal: true }),
  );
  await unary(processes, "resizeTerminal", { id, size: { columns: 100, rows: 30 } });
  const end = { exited: { code: 137, signal: 9 } };
  expect(await unary(processes, "killProcess", { id })).toMatchObject(end);
  expect(await unary(processes, "waitProcess", { id })).toMatchObject(end);
  expect((await messages.next()).value).toMatchObject(end);
});

test("a cancelled Exec ends its process", async () => {
  const call = open<grpc.ClientDuplexStream<Message, Message>>(processes, "exec");
  call.write({ start: { argv: ["/bin/sleep", "1000"] } });
  const messages = call.on("error", () => {})[Symbol.asyncIterator]();
  const { id } = (await messages.next()).value.started;
  call.cancel();
  expect(await unary(processes, "waitProcess", { id })).toMatchObject({ exited: { code: 137, signal: 9 } });
});
