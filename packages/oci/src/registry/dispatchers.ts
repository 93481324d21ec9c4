import type { Dispatcher } from "undici";

/** Connections of a client, opened when they are needed and kept for the next request. */
export class Dispatchers implements AsyncDisposable {
  readonly #connectTimeoutMs: number;
  #agent: Promise<Dispatcher> | undefined;

  constructor(connectTimeoutMs: number) {
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  direct(): Promise<Dispatcher> {
    this.#agent ??= this.#open();
    return this.#agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#agent)?.destroy();
  }

  async #open(): Promise<Dispatcher> {
    // Takes a tenth of a second, which what is read from disk need not pay.
    const { Agent } = await import("undici");
    // Silence is watched for by each request itself; the number of connections is for whoever sends them to bound.
    return new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: this.#connectTimeoutMs } });
  }
}
