import { raceSignal } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/** Where a {@link Pool} has its members from. */
export interface PoolSource<Member> {
  /** Makes a member that nobody has used. */
  make(signal: AbortSignal): Promise<Member>;
  /** Whether a member that has waited can still be handed out. Never rejects, unless the signal aborts. */
  isFit(member: Member, signal: AbortSignal | undefined): Promise<boolean>;
  /** Resolves when a member has ended by itself. */
  ended(member: Member): Promise<unknown>;
  /** Takes a member down. */
  end(member: Member): Promise<void>;
}

/** What a {@link Pool} keeps. */
export interface PoolBounds {
  /** Members that wait, or are on their way to. */
  readonly size: number;
  /** A member that has waited longer is replaced, in ms; never by default. */
  readonly idleMs?: number | undefined;
  /** Hears of members that could not be made or taken down, and were nobody's. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

interface Waiting<Member> {
  readonly member: Member;
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * Members that are made before anybody asks for one. Each is handed out once. A failure is not tried again by itself: the next
 * {@link take} does, so that what cannot work does not go on for ever.
 */
export class Pool<Member> implements AsyncDisposable {
  readonly #source: PoolSource<Member>;
  readonly #bounds: PoolBounds;
  /** The one that has waited longest is first. */
  readonly #waiting: Waiting<Member>[] = [];
  readonly #askers: PromiseWithResolvers<Member>[] = [];
  /** Of all who wait until it is full; renewed when it is, or cannot become so. */
  #filled = unheard();
  /** Makes and ends under way. */
  readonly #work = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #coming = 0;
  #closed: Promise<void> | undefined;

  constructor(source: PoolSource<Member>, bounds: PoolBounds) {
    this.#source = source;
    this.#bounds = bounds;
  }

  /** Members that could be handed out at once. */
  get ready(): number {
    return this.#waiting.length;
  }

  /**
   * Resolves when as many members wait as it keeps, also if some are taken in the same moment.
   *
   * @throws RuntimeError `POOL_CLOSED`; what making a member that nobody asked for throws; the signal's reason
   */
  async full(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closing.signal.aborted) throw poolClosed();
    if (this.#waiting.length >= this.#bounds.size) return;
    this.fill();
    await raceSignal(this.#filled.promise, signal);
  }

  /** Makes what is missing, in the background. */
  fill(): void {
    const wanted = this.#bounds.size + this.#askers.length - this.#waiting.length - this.#coming;
    for (let missing = wanted; missing > 0 && !this.#closing.signal.aborted; missing--) this.#make();
  }

  /** Takes a member, which is its taker's from then on. @throws RuntimeError `POOL_CLOSED`; what making one throws; the signal's reason */
  async take(signal?: AbortSignal): Promise<Member> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#closing.signal.aborted) throw poolClosed();
      const next = this.#waiting.shift();
      if (next === undefined) return await this.#ask(signal);
      clearTimeout(next.timer);
      this.fill();
      const fit = await this.#source.isFit(next.member, signal).catch((reason) => {
        this.#end(next.member);
        throw reason;
      });
      if (fit && !this.#closing.signal.aborted) return next.member;
      this.#end(next.member);
    }
  }

  /** Takes everything down that nobody has taken, also what is on its way; members that were taken stay. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort(poolClosed());
    for (const asker of this.#askers.splice(0)) asker.reject(poolClosed());
    this.#filled.reject(poolClosed());
    for (const { member, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      this.#end(member);
    }
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  async #ask(signal: AbortSignal | undefined): Promise<Member> {
    const asker = Promise.withResolvers<Member>();
    this.#askers.push(asker);
    this.fill();
    try {
      return await raceSignal(asker.promise, signal);
    } catch (reason) {
      const place = this.#askers.indexOf(asker);
      if (place >= 0) this.#askers.splice(place, 1);
      // It may have been given one in the same moment.
      asker.promise.then(
        (member) => this.#end(member),
        () => {},
      );
      throw reason;
    }
  }

  #make(): void {
    this.#coming++;
    this.#track(
      this.#source.make(this.#closing.signal).then(
        (member) => {
          this.#coming--;
          this.#receive(member);
        },
        (error) => {
          this.#coming--;
          const asker = this.#askers.shift();
          if (asker !== undefined) asker.reject(error);
          else if (!this.#closing.signal.aborted) this.#fail(error);
        },
      ),
    );
  }

  #fail(error: unknown): void {
    this.#filled.reject(error);
    this.#filled = unheard();
    this.#bounds.onError?.(error);
  }

  #receive(member: Member): void {
    if (this.#closing.signal.aborted) {
      this.#end(member);
      return;
    }
    const asker = this.#askers.shift();
    if (asker !== undefined) {
      asker.resolve(member);
      return;
    }
    const { size, idleMs } = this.#bounds;
    // Who asked for it has given up.
    if (this.#waiting.length >= size) {
      this.#end(member);
      return;
    }
    const timer = idleMs === undefined ? undefined : setTimeout(() => this.#replace(waiting), idleMs).unref();
    const waiting = { member, timer };
    this.#waiting.push(waiting);
    if (this.#waiting.length >= size) {
      this.#filled.resolve();
      this.#filled = unheard();
    }
    // One that ends by itself is not replaced at once: the next might do the same.
    this.#source.ended(member).then(
      () => this.#withdraw(waiting),
      () => this.#withdraw(waiting),
    );
  }

  #replace(waiting: Waiting<Member>): void {
    if (this.#withdraw(waiting)) this.fill();
  }

  /** Whether it was still there. */
  #withdraw(waiting: Waiting<Member>): boolean {
    const place = this.#waiting.indexOf(waiting);
    if (place < 0) return false;
    this.#waiting.splice(place, 1);
    clearTimeout(waiting.timer);
    this.#end(waiting.member);
    return true;
  }

  #end(member: Member): void {
    this.#track(this.#source.end(member).catch((error) => this.#bounds.onError?.(error)));
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  }
}

/** Whose rejection is no fault when nobody waits. */
function unheard(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(() => {});
  return resolvers;
}

function poolClosed(): RuntimeError {
  return new RuntimeError({
    code: "POOL_CLOSED",
    message: "The pool is closed",
    hint: "Keep it until nobody takes from it any more.",
  });
}
