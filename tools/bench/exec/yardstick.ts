import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AgentClient } from "../../../packages/agent-client/dist/index.js";

/** The port of the guest's program that does without an agent. */
export const PEER_PORT = 5000;

/** The host's end of the program `peer` in the guest: bytes over vsock, and nothing else. */
export class Yardstick implements AsyncDisposable {
  readonly #server = createServer();

  private constructor() {}

  /** Listens at a Unix socket, which a VM's port {@link PEER_PORT} is to be joined to. */
  static async listen(path: string): Promise<Yardstick> {
    const yardstick = new Yardstick();
    yardstick.#server.listen(path);
    await once(yardstick.#server, "listening");
    return yardstick;
  }

  /** Milliseconds of each of so many round trips of one byte. */
  async pingPong(agent: AgentClient, count: number): Promise<number[]> {
    return await this.#with(agent, ["echo"], async (socket) => {
      const times: number[] = [];
      for (let round = 0; round < count; round++) {
        const start = performance.now();
        socket.write("x");
        await once(socket, "data");
        times.push(performance.now() - start);
      }
      return times;
    });
  }

  /** Milliseconds in which so many bytes come from the guest. */
  async fromGuest(agent: AgentClient, bytes: number): Promise<number> {
    return await this.#with(agent, ["send", String(bytes)], async (socket) => {
      const start = performance.now();
      let received = 0;
      for await (const chunk of socket as AsyncIterable<Uint8Array>) {
        received += chunk.length;
        if (received === bytes) break;
      }
      return performance.now() - start;
    });
  }

  /** Milliseconds in which so many bytes go to the guest. */
  async toGuest(agent: AgentClient, bytes: number): Promise<number> {
    return await this.#with(agent, ["receive", String(bytes)], async (socket) => {
      const piece = Buffer.alloc(64 * 1024, 1);
      const answered = once(socket, "data");
      const start = performance.now();
      for (let left = bytes; left > 0; left -= piece.length) {
        if (!socket.write(piece.subarray(0, left))) await once(socket, "drain");
      }
      await answered;
      return performance.now() - start;
    });
  }

  async #with<T>(agent: AgentClient, args: readonly string[], work: (socket: Socket) => Promise<T>): Promise<T> {
    const connection = once(this.#server, "connection");
    // Commands have no vsock sockets by default.
    const peer = agent.exec(["/bin/peer", String(PEER_PORT), ...args], { seccomp: "unconfined" }).orThrow();
    const [socket] = (await Promise.race([connection, peer.then(() => Promise.reject(new Error("it left")))])) as [
      Socket,
    ];
    try {
      return await work(socket);
    } finally {
      socket.destroy();
      await peer;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, "close");
  }
}
