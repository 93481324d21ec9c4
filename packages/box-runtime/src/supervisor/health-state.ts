import type { CompleteHealthCheck } from "../plan/health-check.ts";

/** What is known of the health of a box that runs: nothing yet, or what its last checks said. */
export type BoxHealthStatus = "starting" | "healthy" | "unhealthy";

/** Most checks that are remembered. */
export const MAX_CHECKS = 5;
/** Most bytes of a check's output that are kept. */
export const MAX_OUTPUT_BYTES = 4096;

/** How a health check went. */
export interface BoxHealthCheck {
  /** When it began; ISO 8601. */
  readonly at: string;
  readonly durationMs: number;
  /** Of its command, where 0 is healthy; null when it had none: it was killed at its timeout, or could not be made. */
  readonly exitCode: number | null;
  /** The beginning of what it wrote, at most 4096 bytes, or what kept it from being made. */
  readonly output: string;
}

/** The health of a box, as its supervisor sees it. */
export interface BoxHealth {
  readonly status: BoxHealthStatus;
  /** Failed checks in a row that count. */
  readonly failingStreak: number;
  /** The last ones, oldest first. */
  readonly checks: readonly BoxHealthCheck[];
}

/** Before the first check. */
export const UNCHECKED: BoxHealth = { status: "starting", failingStreak: 0, checks: [] };

/**
 * The health after a check, by docker's rules: one success is enough; `retries` failures in a row make a box unhealthy, of which those do not
 * count that began in the start period of a box that was never healthy. Pure.
 *
 * @param sinceReadyMs when the check began, by a clock that never jumps.
 */
export function nextHealth(
  health: BoxHealth,
  check: BoxHealthCheck,
  { retries, startPeriodMs }: Pick<CompleteHealthCheck, "retries" | "startPeriodMs">,
  sinceReadyMs: number,
): BoxHealth {
  const checks = [...health.checks, check].slice(-MAX_CHECKS);
  if (check.exitCode === 0) return { status: "healthy", failingStreak: 0, checks };
  if (health.status === "starting" && sinceReadyMs < startPeriodMs) return { ...health, checks };
  const failingStreak = health.failingStreak + 1;
  return { status: failingStreak >= retries ? "unhealthy" : health.status, failingStreak, checks };
}
