import * as v from "valibot";
import { fields } from "../fields.ts";
import { integer, milliseconds } from "../number.ts";
import { text } from "../text.ts";

/** From the end of one health check to the start of the next, in milliseconds. */
export const DEFAULT_HEALTH_INTERVAL_MS = 30_000;
/** Time that a health check may take, in milliseconds. */
export const DEFAULT_HEALTH_TIMEOUT_MS = 30_000;
/** Failed health checks in a row that make a box unhealthy. */
export const DEFAULT_HEALTH_RETRIES = 3;
/** Time from Ready in which a failed health check does not count, in milliseconds. */
export const DEFAULT_HEALTH_START_PERIOD_MS = 0;

export const healthCheck = fields({
  /** A command in the box, healthy when it exits with 0; "grpc": grpc.health.v1.Health of the agent; "none", also where the image has one. */
  test: v.optional(
    v.lazy((input) =>
      typeof input === "string" ? v.picklist(["grpc", "none"], 'must be a list of words, "grpc" or "none"') : words,
    ),
  ),
  intervalMs: v.optional(milliseconds(100)),
  timeoutMs: v.optional(milliseconds(1)),
  retries: v.optional(integer(1, 100)),
  startPeriodMs: v.optional(milliseconds(0)),
});

const words = v.pipe(
  v.array(text),
  v.check(([program]) => program !== undefined && program !== "", "must name a program"),
  v.maxLength(256),
);

/** How a box's health is found out. What is left out is as the image has it, or else the default: so it alone has no defaults filled in. */
export type HealthCheckConfig = Readonly<v.InferOutput<typeof healthCheck>>;
