import {
  type AgentDouble,
  type AgentDoubleOptions,
  type AgentServer,
  serveHttp2,
  serveSocket,
  startAgentDouble,
} from "@a3s/testing";
import { type AgentClient, connectAgent, type KeepAliveOptions } from "../src/index.ts";

/** An agent that misbehaves as told, for what the real one cannot be made to do, and a client of it. */
export interface FakeAgent extends AgentServer {
  readonly client: AgentClient;
}

/** Options of the client that comes with a fake. */
export interface FakeOptions {
  readonly keepAlive?: KeepAliveOptions;
}

/** The double, as it is asked to be. */
export async function doubleAgent(options: AgentDoubleOptions): Promise<FakeAgent & AgentDouble> {
  return connected(await startAgentDouble(options));
}

/** Speaks HTTP/2 and leaves the rest to `onStream`. */
export async function fakeHttp2(onStream: Parameters<typeof serveHttp2>[0]): Promise<FakeAgent> {
  return connected(await serveHttp2(onStream));
}

/** Takes connections and leaves the rest to `onConnection`. */
export async function fakeSocket(
  onConnection: Parameters<typeof serveSocket>[0],
  options: FakeOptions = {},
): Promise<FakeAgent> {
  return connected(await serveSocket(onConnection), options);
}

function connected<Server extends AgentServer>(server: Server, options: FakeOptions = {}): Server & FakeAgent {
  const client = connectAgent({ socketPath: server.socketPath, ...options });
  return {
    ...server,
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
