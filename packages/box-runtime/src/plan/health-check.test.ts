import { type BoxConfigInput, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planHealthCheck } from "./health-check.ts";

const box = (config: Omit<BoxConfigInput, "image">) => parseBoxConfig({ image: "a", ...config });

test("the image says how its health is found out, unless the box does", () => {
  const image = { healthcheck: { test: ["probe"], intervalMs: 1000 } };
  const planned = { test: ["probe"], intervalMs: 1000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 };
  expect(planHealthCheck(box({}), image)).toEqual(planned);
  expect(planHealthCheck(box({}), {})).toBeUndefined();
});

test("what the box says comes before what the image says, field by field, and the defaults come last", () => {
  const image = { healthcheck: { test: ["probe"], intervalMs: 1000, retries: 5 } };
  const defaults = { intervalMs: 30_000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 };
  const plan = (healthCheck: BoxConfigInput["healthCheck"], of = image) => planHealthCheck(box({ healthCheck }), of);
  expect(plan({ retries: 1, startPeriodMs: 7 })).toEqual({
    ...{ test: ["probe"], intervalMs: 1000, timeoutMs: 30_000, retries: 1, startPeriodMs: 7 },
  });
  expect(plan({})).toEqual({ ...defaults, test: ["probe"], intervalMs: 1000, retries: 5 });
  for (const test of ["none", "grpc", ["mine"]] as const) {
    const own = { test: typeof test === "string" ? test : [...test], timeoutMs: 9 };
    expect(plan(own)).toEqual({ ...defaults, ...own, intervalMs: 1000, retries: 5 });
    expect(planHealthCheck(box({ healthCheck: own }), {})).toEqual({ ...defaults, ...own });
  }
});

test("a check that neither box nor image says how to carry out is refused", () => {
  const missing = expect.objectContaining({ code: "COMMAND_MISSING", hint: expect.stringContaining("--health-cmd") });
  expect(() => planHealthCheck(box({ healthCheck: { retries: 1 } }), {})).toThrow(missing);
});

test("what an image asks for is kept within what a configuration may", () => {
  const image = { test: ["x"], intervalMs: 1, timeoutMs: 1e12, retries: 1e6, startPeriodMs: 1e12 };
  const healthCheck = planHealthCheck(box({}), { healthcheck: image });
  expect(box({ healthCheck }).healthCheck).toEqual(healthCheck);
  expect(healthCheck).toEqual({
    ...{ test: ["x"], intervalMs: 100, timeoutMs: 86_400_000, retries: 100, startPeriodMs: 86_400_000 },
  });
});
