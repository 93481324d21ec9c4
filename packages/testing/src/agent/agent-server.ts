import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttp2Server, type Http2Server, type ServerHttp2Session } from "node:http2";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Something that is reached as a guest agent is: over a Unix socket. Disposing it breaks every connection. */
export interface AgentServer extends AsyncDisposable {
  /** In a directory of its own that is gone with the server; short, as the path of a socket has to be. */
  readonly socketPath: string;
  /** Connections accepted so far. */
  readonly connections: readonly Socket[];
  /** Their HTTP/2 sessions, where it speaks HTTP/2. */
  readonly sessions: readonly ServerHttp2Session[];
}

/** Speaks HTTP/2 and leaves the rest to `onStream`: for answers that no gRPC library can be made to give. */
export function serveHttp2(onStream: Parameters<Http2Server["on"]>[1]): Promise<AgentServer> {
  return listen(createHttp2Server().on("stream", onStream));
}

/** Takes connections and leaves the rest to `onConnection`. */
export function serveSocket(onConnection: (socket: Socket) => void): Promise<AgentServer> {
  return listen(createServer(onConnection));
}

/** Lets a server listen on a socket of its own. `http2` is who speaks HTTP/2 on its connections, where it does not do so itself. */
export async function listen(server: Server | Http2Server, http2: Server | Http2Server = server): Promise<AgentServer> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-"));
  const socketPath = join(directory, "agent.sock");
  const connections: Socket[] = [];
  const sessions: ServerHttp2Session[] = [];
  server.on("connection", (socket: Socket) => connections.push(socket.on("error", () => {})));
  http2.on("session", (session: ServerHttp2Session) => sessions.push(session.on("error", () => {})));
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    connections,
    sessions,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
