import type { ExecEvent, ExecExitEvent } from "./exec-event.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { OutputStream } from "./output-stream.ts";

/** Name of an output. */
export type OutputName = "stdout" | "stderr";

/** Where events come from. */
export interface EventSource {
  /** The exit, or why there is none. */
  readonly exit: Promise<ExecExitEvent>;
  /** The next event; undefined after the exit. */
  next(): Promise<ExecEvent | undefined>;
}

/**
 * Gives out what a command writes: to the stream of an output that was taken, else to its buffer. As both come in one
 * order, a stream that nobody reads holds the other output back, too.
 */
export class ExecOutput {
  readonly #source: EventSource;
  readonly #buffers: Readonly<Record<OutputName, OutputBuffer>>;
  readonly #streams: Partial<Record<OutputName, OutputStream>> = {};
  #running: Promise<ExecExitEvent> | undefined;

  constructor(source: EventSource, maxBufferBytes: number) {
    this.#source = source;
    this.#buffers = { stdout: new OutputBuffer(maxBufferBytes), stderr: new OutputBuffer(maxBufferBytes) };
  }

  /** Whether somebody has begun to take events. */
  get begun(): boolean {
    return this.#running !== undefined;
  }

  /** Some of the output was dropped. */
  get truncated(): boolean {
    return this.#buffers.stdout.truncated || this.#buffers.stderr.truncated;
  }

  /** The output as a stream, from its beginning as far as that was kept. */
  stream(name: OutputName): ReadableStream<Uint8Array> {
    let stream = this.#streams[name];
    if (stream === undefined) {
      stream = new OutputStream();
      const kept = this.#buffers[name].take();
      if (kept.length > 0) void stream.push(kept);
      this.#streams[name] = stream;
      this.run().then(
        () => stream?.close(),
        (error) => stream?.fail(error),
      );
      // A stream that waits for its reader must not outlive the call.
      this.#source.exit.catch((error) => stream?.fail(error));
    }
    return stream.readable;
  }

  /** What was kept of an output that has no stream. */
  kept(name: OutputName): Uint8Array {
    return this.#streams[name] === undefined ? this.#buffers[name].take() : new Uint8Array(0);
  }

  /** Takes events until the exit. */
  run(): Promise<ExecExitEvent> {
    this.#running ??= this.#distribute();
    return this.#running;
  }

  async #distribute(): Promise<ExecExitEvent> {
    for (;;) {
      const event = await this.#source.next();
      if (event?.type === "stdout" || event?.type === "stderr") {
        const stream = this.#streams[event.type];
        if (stream === undefined) this.#buffers[event.type].push(event.data);
        else await stream.push(event.data);
      } else if (event?.type !== "started") break;
    }
    return await this.#source.exit;
  }
}
