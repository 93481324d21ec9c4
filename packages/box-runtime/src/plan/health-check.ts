import {
  type BoxConfig,
  DEFAULT_HEALTH_INTERVAL_MS,
  DEFAULT_HEALTH_RETRIES,
  DEFAULT_HEALTH_START_PERIOD_MS,
  DEFAULT_HEALTH_TIMEOUT_MS,
} from "@a3s/core";
import type { ImageConfig } from "@a3s/oci";

const DAY_MS = 24 * 60 * 60 * 1000;

/** How the health of a box is found out: as its configuration says, or else as its image does, within the bounds of a configuration. Pure. */
export function planHealthCheck(
  { healthCheck }: Pick<BoxConfig, "healthCheck">,
  { healthcheck: image }: Pick<ImageConfig, "healthcheck">,
): BoxConfig["healthCheck"] {
  if (healthCheck !== undefined || image === undefined) return healthCheck;
  return {
    test: [...image.test],
    intervalMs: within(image.intervalMs ?? DEFAULT_HEALTH_INTERVAL_MS, 100, DAY_MS),
    timeoutMs: within(image.timeoutMs ?? DEFAULT_HEALTH_TIMEOUT_MS, 1, DAY_MS),
    retries: within(image.retries ?? DEFAULT_HEALTH_RETRIES, 1, 100),
    startPeriodMs: within(image.startPeriodMs ?? DEFAULT_HEALTH_START_PERIOD_MS, 0, DAY_MS),
  };
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
