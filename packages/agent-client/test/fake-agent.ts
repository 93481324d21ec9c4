import { once } from "node:events";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { ServiceImpl } from "@connectrpc/connect";
import { grpcHandler } from "../src/doorbell/grpc-handler.ts";
import { AgentService } from "../src/gen/a3s/agent/v1/agent_pb.ts";
import { FileService } from "../src/gen/a3s/agent/v1/files_pb.ts";
import { ProcessService } from "../src/gen/a3s/agent/v1/process_pb.ts";
import { SystemService } from "../src/gen/a3s/agent/v1/system_pb.ts";
import { Health } from "../src/gen/grpc/health/v1/health_pb.ts";
import { type AgentClient, connectAgent, type KeepAliveOptions } from "../src/index.ts";
import { scratchDirectory } from "./scratch.ts";

/** An agent that misbehaves as told, for what the real one cannot be made to do. */
export interface FakeAgent extends AsyncDisposable {
  readonly client: AgentClient;
  /** Connections accepted so far. */
  readonly connections: readonly Socket[];
  readonly sessions: readonly ServerHttp2Session[];
}

/** Options of the client that comes with a fake. */
export interface FakeOptions {
  readonly keepAlive?: KeepAliveOptions;
}

/** Speaks gRPC properly; what it says is up to the implementations of its services. */
export function fakeAgent(
  agent: Partial<ServiceImpl<typeof AgentService>>,
  health: Partial<ServiceImpl<typeof Health>> = {},
  processes: Partial<ServiceImpl<typeof ProcessService>> = {},
  system: Partial<ServiceImpl<typeof SystemService>> = {},
  files: Partial<ServiceImpl<typeof FileService>> = {},
): Promise<FakeAgent> {
  const handler = grpcHandler((router) => {
    router.service(AgentService, agent);
    router.service(Health, health);
    router.service(FileService, files);
    router.service(ProcessService, processes);
    router.service(SystemService, system);
  }, 1024 * 1024);
  return listen(createHttp2Server(handler));
}

/** Speaks HTTP/2 and leaves the rest to `onStream`. */
export function fakeHttp2(onStream: Parameters<Http2Server["on"]>[1]): Promise<FakeAgent> {
  return listen(createHttp2Server().on("stream", onStream));
}

/** Takes connections and leaves the rest to `onConnection`. */
export function fakeSocket(onConnection: (socket: Socket) => void, options: FakeOptions = {}): Promise<FakeAgent> {
  return listen(createServer(onConnection), options);
}

async function listen(server: Server | Http2Server, options: FakeOptions = {}): Promise<FakeAgent> {
  const scratch = await scratchDirectory();
  const socketPath = join(scratch.path, "agent.sock");
  const connections: Socket[] = [];
  const sessions: ServerHttp2Session[] = [];
  server.on("connection", (socket: Socket) => connections.push(socket.on("error", () => {})));
  server.on("session", (session: ServerHttp2Session) => sessions.push(session.on("error", () => {})));
  server.listen(socketPath);
  await once(server, "listening");
  const client = connectAgent({ socketPath, ...options });
  return {
    client,
    connections,
    sessions,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await scratch[Symbol.asyncDispose]();
    },
  };
}
