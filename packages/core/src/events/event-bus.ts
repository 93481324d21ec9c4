/** Names of events mapped to what each carries. */
export type EventMap = Readonly<Record<string, unknown>>;

/** One event as a stream of all of them delivers it. */
export type EventRecord<Events extends EventMap> = {
  [Name in keyof Events]: { readonly name: Name; readonly payload: Events[Name]; readonly at: Date };
}[keyof Events];

/** Options of {@link EventBus.stream}. */
export interface EventStreamOptions {
  readonly signal?: AbortSignal;
  /** Events kept for a reader that is slower than the source; 256 by default. Older ones are dropped and counted. */
  readonly capacity?: number;
}

/** Delivered in an event stream where events were dropped because the reader was too slow. */
export interface EventGap {
  readonly name: "gap";
  readonly dropped: number;
}

/**
 * Typed events, in order, to listeners and to async iterators.
 *
 * ```ts
 * for await (const event of events.stream({ signal })) console.log(event.name);
 * ```
 */
export class EventBus<Events extends EventMap> {
  readonly #listeners = new Set<(event: EventRecord<Events>) => void>();

  /** Delivers an event to every listener now. A listener that throws does not disturb the others or the source. */
  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const event = { name, payload, at: new Date() } as EventRecord<Events>;
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error), "EventListenerWarning");
      }
    }
  }

  /** Calls `listener` for every event of one name until disposed. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name], at: Date) => void): Disposable {
    return this.#add((event) => {
      if (event.name === name) listener(event.payload as Events[Name], event.at);
    });
  }

  /** Every event from now on; ends when the signal aborts or the reader leaves. A slow reader sees an {@link EventGap}. */
  async *stream(options: EventStreamOptions = {}): AsyncGenerator<EventRecord<Events> | EventGap, void, undefined> {
    const { signal, capacity = 256 } = options;
    const queue: EventRecord<Events>[] = [];
    let dropped = 0;
    let wake: () => void = () => {};
    using _subscription = this.#add((event) => {
      if (queue.length >= capacity) {
        queue.shift();
        dropped++;
      }
      queue.push(event);
      wake();
    });
    const onAbort = () => wake();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal?.aborted) {
        if (dropped > 0) {
          const gap: EventGap = { name: "gap", dropped };
          dropped = 0;
          yield gap;
        }
        const event = queue.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #add(listener: (event: EventRecord<Events>) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
