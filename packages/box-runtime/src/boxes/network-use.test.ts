import { expect, test } from "vitest";
import { networkUse } from "./network-use.ts";

test("without a network nothing is used of it; what nobody counts is not 0", () => {
  expect(networkUse({ network: "none" })).toEqual({ receivedBytes: 0, sentBytes: 0 });
  expect(networkUse({ network: "tsi" })).toBeUndefined();
});
