import { type BoxConfigInput, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planHealthCheck } from "./health-check.ts";

const box = (config: Omit<BoxConfigInput, "image">) => parseBoxConfig({ image: "a", ...config });

test("the image says how its health is found out, unless the box does", () => {
  const image = { healthcheck: { test: ["probe"], intervalMs: 1000 } };
  const planned = { test: ["probe"], intervalMs: 1000, timeoutMs: 30_000, retries: 3, startPeriodMs: 0 };
  expect(planHealthCheck(box({}), image)).toEqual(planned);
  expect(planHealthCheck(box({}), {})).toBeUndefined();
  for (const test of ["none", "grpc", ["mine"]] as const) {
    const config = box({ healthCheck: { test: typeof test === "string" ? test : [...test] } });
    expect(planHealthCheck(config, image)).toEqual(config.healthCheck);
  }
});

test("what an image asks for is kept within what a configuration may", () => {
  const image = { test: ["x"], intervalMs: 1, timeoutMs: 1e12, retries: 1e6, startPeriodMs: 1e12 };
  const healthCheck = planHealthCheck(box({}), { healthcheck: image });
  expect(box({ healthCheck }).healthCheck).toEqual(healthCheck);
  expect(healthCheck).toEqual({
    ...{ test: ["x"], intervalMs: 100, timeoutMs: 86_400_000, retries: 100, startPeriodMs: 86_400_000 },
  });
});
