import {
  type BoxConfig,
  DEFAULT_HEALTH_INTERVAL_MS,
  DEFAULT_HEALTH_RETRIES,
  DEFAULT_HEALTH_START_PERIOD_MS,
  DEFAULT_HEALTH_TIMEOUT_MS,
  type HealthCheckConfig,
} from "@a3s/core";
import type { ImageConfig } from "@a3s/oci";
import { RuntimeError } from "../errors/runtime-error.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** How the health of a box is found out, with nothing left out. */
export type CompleteHealthCheck = {
  readonly [Field in keyof HealthCheckConfig]-?: NonNullable<HealthCheckConfig[Field]>;
};

/**
 * How the health of a box is found out: each field as its configuration says, or else as its image does, within the bounds of a configuration,
 * or else by default; as docker merges them. Undefined where neither says anything. Pure.
 *
 * @throws RuntimeError `COMMAND_MISSING` for one that neither says how to carry out
 */
export function planHealthCheck(
  { healthCheck: own }: Pick<BoxConfig, "healthCheck">,
  { healthcheck: image }: Pick<ImageConfig, "healthcheck">,
): CompleteHealthCheck | undefined {
  if (own === undefined && image === undefined) return undefined;
  const test = own?.test ?? (image && [...image.test]);
  if (test === undefined) throw healthCommandMissing();
  const from = (field: Exclude<keyof CompleteHealthCheck, "test">, otherwise: number, least: number, most = DAY_MS) =>
    own?.[field] ?? within(image?.[field] ?? otherwise, least, most);
  return {
    test,
    intervalMs: from("intervalMs", DEFAULT_HEALTH_INTERVAL_MS, 100),
    timeoutMs: from("timeoutMs", DEFAULT_HEALTH_TIMEOUT_MS, 1),
    retries: from("retries", DEFAULT_HEALTH_RETRIES, 1, 100),
    startPeriodMs: from("startPeriodMs", DEFAULT_HEALTH_START_PERIOD_MS, 0),
  };
}

function within(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

function healthCommandMissing(): RuntimeError {
  return new RuntimeError({
    code: "COMMAND_MISSING",
    message: "The health check has no command, and the image has no HEALTHCHECK",
    hint: "Give one (healthCheck.test; a3s-box --health-cmd or --health-grpc), or leave the rest out.",
  });
}
