import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import { AgentError } from "../errors/agent-error.ts";
import { MAX_AGENT_MESSAGE_BYTES } from "../protocol.ts";
import { EagerSocket } from "../socket/eager-socket.ts";
import { KeepAlive, type KeepAliveOptions } from "./keep-alive.ts";

/** Bytes of one call that may wait here unread: what a slow reader costs, and what keeps a fast one busy. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
/** Bytes of all calls in flight; Node acknowledges these as they arrive, so it bounds throughput and no memory. */
const CONNECTION_WINDOW_BYTES = 16 * 1024 * 1024;

/** What an {@link AgentConnection} reports; either may come more than once. */
export interface ConnectionListener {
  /** No further call can be made: it broke, was closed, or the agent said GOAWAY. */
  onLeave(): void;
  /** It is gone, its calls too. */
  onClose(): void;
}

/** One HTTP/2 connection with prior knowledge to a Unix socket. It keeps the process alive only while calls are pending. */
export class AgentConnection {
  readonly #socket: EagerSocket;
  readonly #session: ClientHttp2Session;
  readonly #keepAlive: KeepAlive;
  #pending = 0;

  constructor(socketPath: string, authority: string, keepAlive: KeepAliveOptions, listener: ConnectionListener) {
    const socket = new EagerSocket(socketPath);
    const session = connect(authority, {
      createConnection: () => socket,
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, maxFrameSize: MAX_AGENT_MESSAGE_BYTES, enablePush: false },
      maxHeaderListPairs: 64,
    });
    this.#socket = socket;
    this.#session = session;
    this.#keepAlive = new KeepAlive(session, keepAlive, () => session.destroy(silentAgent()));
    session.once("connect", () => {
      // It is told a turn late, and may be gone by then.
      if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    });
    // The error reaches callers through their streams; without a listener it would end the process.
    session.on("error", () => listener.onLeave());
    session.once("goaway", () => listener.onLeave());
    session.once("close", () => {
      this.#keepAlive[Symbol.dispose]();
      listener.onLeave();
      listener.onClose();
    });
    socket.unref();
  }

  /** No call can be made on it. */
  get isBroken(): boolean {
    return this.#session.destroyed || this.#session.closed;
  }

  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers);
    if (this.#pending++ === 0) this.#socket.ref();
    stream.on("data", () => this.#keepAlive.heard());
    stream.once("close", () => {
      if (--this.#pending === 0) this.#socket.unref();
    });
    return stream;
  }

  /** Fails every pending call with `reason`. */
  destroy(reason: Error): void {
    this.#session.destroy(reason);
  }
}

function silentAgent(): AgentError {
  return new AgentError({
    code: "AGENT_UNAVAILABLE",
    message: "The guest agent did not answer a keep-alive ping",
    hint: "The guest is wedged or gets no CPU; look at the tail of its console.",
  });
}
