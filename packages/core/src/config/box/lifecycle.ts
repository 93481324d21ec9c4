import { integer, milliseconds } from "../number.ts";

/** Time from `boot()` to Ready in milliseconds. */
export const DEFAULT_BOOT_TIMEOUT_MS = 30_000;
/** Time from asking a guest to stop to ending it, in milliseconds. */
export const DEFAULT_STOP_GRACE_MS = 10_000;
/** Longest life of a box in milliseconds: a year. */
export const MAX_LIFETIME_MS = 365 * 24 * 60 * 60 * 1000;

export const bootTimeoutMs = milliseconds(1);
export const stopGraceMs = integer(0, 3_600_000);
export const lifetimeMs = integer(1, MAX_LIFETIME_MS);
