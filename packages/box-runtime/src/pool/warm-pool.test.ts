import { expect, test } from "vitest";
import { WarmPool } from "./warm-pool.ts";

const config = { image: "alpine:3.22" };

test.for([{ size: 0 }, { size: 65 }, { size: 1.5 }, { idleMs: 0 }, { idleMs: 2 ** 31 }])(
  "%j is POOL_INVALID",
  (options) => {
    expect(() => new WarmPool(config, options)).toThrow(expect.objectContaining({ code: "POOL_INVALID" }));
  },
);

test("a configuration is refused before anything starts", () => {
  expect(() => new WarmPool({ image: "" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
