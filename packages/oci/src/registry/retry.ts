import { setTimeout as wait } from "node:timers/promises";
import type { OciError } from "../errors/oci-error.ts";

/** How a registry client deals with faults that may pass. */
export interface RetryPolicy {
  /** Tries in all, the first included. A blob download that got on by 1 MiB starts counting anew. */
  readonly tries: number;
  /** Wait before the second try in milliseconds; it doubles with each one after. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /**
   * A connection that carries nothing for so long, or less than 8 KiB of an answer's body, counts as broken. This bounds a pull by its
   * size alone; whoever wants a time for the whole gives a signal.
   */
  readonly stallTimeoutMs: number;
  /** Longest `Retry-After` that is waited for; a longer one fails at once. */
  readonly maxRetryAfterMs: number;
}

/** 4 tries, 250 ms to 4 s between them, 30 s without a byte, `Retry-After` up to 30 s. */
export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  tries: 4,
  firstDelayMs: 250,
  maxDelayMs: 4000,
  stallTimeoutMs: 30_000,
  maxRetryAfterMs: 30_000,
};

/** A fault that another try may get past; `final` is what the caller sees when the tries are used up. */
export class TransientFault extends Error {
  readonly final: OciError;
  readonly retryAfterMs: number | undefined;

  constructor(final: OciError, retryAfterMs?: number) {
    super(final.message, { cause: final });
    this.final = final;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Milliseconds to wait after the nth failure in a row, or `undefined` to give up. The backoff is spread over the upper half,
 * so that many clients do not come back together. `random` is in [0, 1).
 */
export function retryDelayMs(
  failures: number,
  retryAfterMs: number | undefined,
  policy: RetryPolicy,
  random: number,
): number | undefined {
  if (failures >= policy.tries) return undefined;
  if (retryAfterMs !== undefined) return retryAfterMs <= policy.maxRetryAfterMs ? retryAfterMs : undefined;
  const whole = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (failures - 1));
  return whole * (0.5 + random / 2);
}

/** RFC 9110, section 10.2.3: seconds or a date. `now` is in milliseconds since 1970. */
export function parseRetryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  // Other numbers are dates to JavaScript alone.
  const date = /[a-z]{3}/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Counts the failures of one task and waits between its tries. */
export class Retries {
  readonly #policy: RetryPolicy;
  #failures = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /** Forgets the failures so far: the task got on. */
  reset(): void {
    this.#failures = 0;
  }

  /** Returns when the next try is due; throws what ends the task. */
  async afterFailure(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (!(error instanceof TransientFault)) throw error;
    this.#failures++;
    const delayMs = retryDelayMs(this.#failures, error.retryAfterMs, this.#policy, Math.random());
    if (delayMs === undefined) throw error.final;
    await wait(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** Runs `attempt` until it succeeds, fails for good, or the tries are used up. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
): Promise<T> {
  const retries = new Retries(policy);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await retries.afterFailure(error, signal);
    }
  }
}
