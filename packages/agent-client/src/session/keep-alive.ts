import type { ClientHttp2Session } from "node:http2";

/** When a silent connection is asked whether it lives. */
export interface KeepAliveOptions {
  /** Silence after which a PING is sent while calls are pending, in milliseconds; 10000 by default. */
  readonly intervalMs?: number;
  /** Time that the PING's answer may take, in milliseconds; 20000 by default. */
  readonly timeoutMs?: number;
}

/** Default of {@link KeepAliveOptions.intervalMs}. */
export const DEFAULT_KEEP_ALIVE_INTERVAL_MS = 10_000;
/** Default of {@link KeepAliveOptions.timeoutMs}: as long as gRPC's own, so that a guest short of CPU is not declared dead. */
export const DEFAULT_KEEP_ALIVE_TIMEOUT_MS = 20_000;

/**
 * Notices a guest that neither answers nor hangs up. A VM that ends closes its socket, which needs no PING;
 * this is for one that is wedged. Its timers keep no process alive.
 */
export class KeepAlive implements Disposable {
  readonly #session: ClientHttp2Session;
  readonly #timeoutMs: number;
  readonly #onDead: () => void;
  readonly #interval: NodeJS.Timeout;
  #answer: NodeJS.Timeout | undefined;
  #heard = false;

  constructor(session: ClientHttp2Session, options: KeepAliveOptions, onDead: () => void) {
    this.#session = session;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_KEEP_ALIVE_TIMEOUT_MS;
    this.#onDead = onDead;
    this.#interval = setInterval(() => this.#check(), options.intervalMs ?? DEFAULT_KEEP_ALIVE_INTERVAL_MS);
    this.#interval.unref();
  }

  /** Bytes arrived: the connection lives. */
  heard(): void {
    this.#heard = true;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#interval);
    clearTimeout(this.#answer);
  }

  #check(): void {
    if (this.#heard) {
      this.#heard = false;
      return;
    }
    if (this.#answer !== undefined || this.#session.destroyed) return;
    this.#answer = setTimeout(this.#onDead, this.#timeoutMs).unref();
    this.#session.ping(() => {
      clearTimeout(this.#answer);
      this.#answer = undefined;
    });
  }
}
