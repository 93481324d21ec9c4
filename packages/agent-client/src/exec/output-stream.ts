/** Bytes that wait in a stream for their reader. */
const HIGH_WATER_BYTES = 64 * 1024;

/** One output of a command as a stream; who pushes is held back while the reader is behind. */
export class OutputStream {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wanted: PromiseWithResolvers<void> | undefined;
  #open = true;

  constructor() {
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES });
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#wanted?.resolve(),
        // Whoever wants no more of it does not stop the command: the rest is dropped.
        cancel: () => this.#end(),
      },
      strategy,
    );
  }

  /** Resolves when more is wanted. */
  async push(data: Uint8Array): Promise<void> {
    if (!this.#open) return;
    // A piece of output is a view into a larger read, which a guest that writes single bytes must not make us keep.
    this.#controller.enqueue(data.slice());
    if ((this.#controller.desiredSize ?? 0) > 0) return;
    this.#wanted = Promise.withResolvers();
    await this.#wanted.promise;
  }

  close(): void {
    if (this.#open) this.#controller.close();
    this.#end();
  }

  /** Also lets go whoever waits in {@link push}. */
  fail(reason: unknown): void {
    if (this.#open) this.#controller.error(reason);
    this.#end();
  }

  #end(): void {
    this.#open = false;
    this.#wanted?.resolve();
  }
}
