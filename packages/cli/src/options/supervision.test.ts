import { expect, test } from "vitest";
import { needsSupervisor, parseSupervision, type SupervisionOptions } from "./supervision.ts";

const nothing = { healthCheck: undefined, restart: undefined, lifetimeMs: undefined };

test.each<[SupervisionOptions, object, boolean]>([
  [{ healthcheck: true }, {}, false],
  [{ restart: "no" }, { restart: "no" }, false],
  [{ restart: "on-failure:3" }, { restart: "on-failure:3" }, true],
  [{ restart: "on-failure:0" }, { restart: "on-failure" }, true],
  [{ lifetime: "none" }, { lifetimeMs: null }, false],
  [{ lifetime: 1000 }, { lifetimeMs: 1000 }, true],
  [{ healthcheck: false }, { healthCheck: { test: "none" } }, false],
  [{ healthGrpc: true }, { healthCheck: { test: "grpc" } }, true],
  [{ healthInterval: 1000, healthRetries: 4 }, { healthCheck: { intervalMs: 1000, retries: 4 } }, true],
  [
    { healthCmd: "probe || exit 1", healthInterval: 1000, healthTimeout: 2000, healthRetries: 4, healthStartPeriod: 5 },
    {
      healthCheck: {
        ...{ test: ["/bin/sh", "-c", "probe || exit 1"], intervalMs: 1000, timeoutMs: 2000 },
        ...{ retries: 4, startPeriodMs: 5 },
      },
    },
    true,
  ],
])("%j", (options, expected, needs) => {
  const parsed = parseSupervision(options);
  expect(parsed).toEqual({ ...nothing, ...expected });
  expect(needsSupervisor(parsed)).toBe(needs);
});

test.each<[SupervisionOptions, string]>([
  [{ restart: "sometimes" }, "restart policy"],
  [{ restart: "on-failure:-1" }, "restart policy"],
  [{ healthcheck: false, healthRetries: 1 }, "--no-healthcheck"],
  [{ healthCmd: "a", healthGrpc: true }, "a box has one"],
])("%j is refused", (options, text) => {
  expect(() => parseSupervision(options)).toThrow(text);
});
