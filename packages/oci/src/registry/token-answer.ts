/** A Bearer token. */
export interface Token {
  readonly value: string;
  /** When another one is due, on the clock of `performance.now()`. */
  readonly renewAt: number;
}

/** Seconds that a token is good for which does not say so (distribution, "Token authentication specification"). */
const DEFAULT_SECONDS = 60;
const MAX_SECONDS = 24 * 60 * 60;
/** Renewed so much before its end, but no more than a tenth of its time. */
const MARGIN_MS = 10_000;

/**
 * Reads a token service's answer; `undefined` when it has no token.
 *
 * @param clocks when it was `asked`, in milliseconds of `performance.now()`, and the time `now`, in milliseconds since 1970.
 */
export function parseToken(
  bytes: Uint8Array,
  clocks: { readonly asked: number; readonly now: number },
): Token | undefined {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString("utf8")) as Readonly<Record<string, unknown>>;
    const value = body["token"] ?? body["access_token"];
    if (!isBearerToken(value)) return undefined;
    const lifetimeMs = secondsOf(body["expires_in"]) * 1000;
    const leftMs = lifetimeMs - ageMs(body["issued_at"], lifetimeMs, clocks.now);
    return { value, renewAt: clocks.asked + leftMs - Math.min(MARGIN_MS, leftMs / 10) };
  } catch {
    return undefined;
  }
}

/** RFC 6750: what else a header could be made to say must not come from a token. */
export function isBearerToken(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9._~+/-]+=*$/.test(value);
}

function secondsOf(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.min(value, MAX_SECONDS) : DEFAULT_SECONDS;
}

/** How old a new token is already. A service whose clock disagrees so much that it would have ended is not believed. */
function ageMs(issuedAt: unknown, lifetimeMs: number, now: number): number {
  const age = typeof issuedAt === "string" ? now - Date.parse(issuedAt) : 0;
  return age > 0 && age < lifetimeMs ? age : 0;
}
