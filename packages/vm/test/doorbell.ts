import { once } from "node:events";
import { createServer, type Socket } from "node:net";

/** A listener for one guest, whose connection lives as long as its VM process. */
export interface Doorbell extends AsyncDisposable {
  readonly path: string;
  /** The guest's end of it, for a fake guest that does what it is told. */
  readonly connection: Promise<Socket>;
  /** The guest has connected. */
  readonly rung: Promise<void>;
  /** The guest's connection has ended. */
  readonly gone: Promise<void>;
}

export async function listenForGuest(path: string): Promise<Doorbell> {
  const server = createServer();
  const connection = once(server, "connection").then(([socket]) => socket as Socket);
  server.listen(path);
  await once(server, "listening");
  const gone = connection.then(async (socket) => {
    socket.resume();
    await once(socket, "close");
  });
  gone.catch(() => {});
  return {
    path,
    connection,
    rung: connection.then(() => {}),
    gone,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}
