import { type BoxConfig, type BoxConfigInput, EventBus, parseBoxConfig } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";
import type { BoxEvents } from "../events.ts";
import { VmManager } from "../vm-manager.ts";
import type { VmManagerOptions } from "../vm-manager-options.ts";
import { Pool } from "./pool.ts";

/** Most boxes that one pool keeps. */
export const MAX_POOL_SIZE = 64;

/** Options of {@link WarmPool}. */
export interface WarmPoolOptions extends VmManagerOptions {
  /** Booted boxes that wait, 1 to {@link MAX_POOL_SIZE}; 1 by default. */
  readonly size?: number | undefined;
  /** A box that has waited longer is replaced by a fresh one, in milliseconds; never by default. */
  readonly idleMs?: number | undefined;
  /** Hears of boxes that failed to boot or to end while nobody waited for them. The next {@link WarmPool.acquire} tries again. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Boxes of one configuration that are booted before somebody asks for one. A box is handed out once, after its agent has answered, and is
 * its taker's from then on; another one takes its place in the background. They end with this process.
 *
 * ```ts
 * await using pool = new WarmPool({ image: "alpine:3.22" }, { size: 2 });
 * await using box = await pool.acquire();
 * console.log((await box.exec(["uname", "-r"])).text());
 * ```
 */
export class WarmPool implements AsyncDisposable {
  readonly config: BoxConfig;
  readonly #pool: Pool<VmManager>;

  /** Begins to boot. @throws CoreError `CONFIG_INVALID`; RuntimeError `POOL_INVALID` */
  constructor(config: BoxConfigInput, { size = 1, idleMs, onError, ...options }: WarmPoolOptions = {}) {
    requireWhole("size", size, MAX_POOL_SIZE);
    if (idleMs !== undefined) requireWhole("idleMs", idleMs, 2 ** 31 - 1);
    this.config = parseBoxConfig(config);
    const ends = new WeakMap<VmManager, Promise<void>>();
    this.#pool = new Pool<VmManager>(
      {
        async make(signal) {
          const events = new EventBus<BoxEvents>();
          const ended = Promise.withResolvers<void>();
          events.on("box.stopped", () => ended.resolve());
          const box = new VmManager(config, events, options);
          ends.set(box, ended.promise);
          await box.boot({ signal });
          return box;
        },
        isFit: async (box, signal) => await box.healthCheck(signal === undefined ? {} : { signal }),
        ended: (box) => ends.get(box) ?? Promise.resolve(),
        end: (box) => box.destroy(),
      },
      { size, idleMs, onError },
    );
    this.#pool.fill();
  }

  /** Boxes that could be had at once. */
  get ready(): number {
    return this.#pool.ready;
  }

  /**
   * Takes a box, `ready`; waits for one to boot when none is there.
   *
   * @throws RuntimeError `POOL_CLOSED`; what `VmManager.boot` throws; the signal's reason.
   */
  async acquire({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<VmManager> {
    return await this.#pool.take(signal);
  }

  /**
   * Resolves when as many boxes wait as the pool keeps: at once, or after those that are missing have booted.
   *
   * @throws RuntimeError `POOL_CLOSED`; what `VmManager.boot` throws of a box that nobody waited for; the signal's reason.
   */
  async full({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#pool.full(signal);
  }

  /** Takes down all boxes that nobody has acquired. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

function requireWhole(option: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RuntimeError({
    code: "POOL_INVALID",
    message: `The option ${option} of a pool is ${value}`,
    hint: `Give a whole number from 1 to ${max}.`,
    details: { [option]: value },
  });
}
