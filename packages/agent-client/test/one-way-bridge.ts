import { once } from "node:events";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { scratchDirectory } from "./scratch.ts";

/** A Unix socket in front of another one, which passes bytes on as the vsock device of libkrun 1.17 does. */
export interface OneWayBridge extends AsyncDisposable {
  readonly socketPath: string;
}

/**
 * What goes to the client is written to the end before anything else is done: a client that does not read then is not
 * read from either. The device does so for all connections of a VM at once.
 */
export async function startOneWayBridge(target: string): Promise<OneWayBridge> {
  const scratch = await scratchDirectory();
  const socketPath = join(scratch.path, "bridge.sock");
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const agent = createConnection(target);
    for (const [socket, other] of [
      [client, agent],
      [agent, client],
    ] as const) {
      open.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (bytes) => agent.write(bytes));
    agent.on("data", (bytes) => {
      const both = [client, agent];
      client.write(bytes, () => {
        for (const each of both) each.resume();
      });
      // The system has not taken all of it.
      if (client.writableLength > 0) for (const each of both) each.pause();
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
      await scratch[Symbol.asyncDispose]();
    },
  };
}
