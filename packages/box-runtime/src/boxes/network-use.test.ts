import { expect, test } from "vitest";
import { networkUse } from "./network-use.ts";

test("without a network nothing is used of it; what nobody counts is not 0", () => {
  const counted = { receivedBytes: 7, sentBytes: 8 };
  expect(networkUse({ network: "none" }, counted)).toEqual({ receivedBytes: 0, sentBytes: 0 });
  expect(networkUse({ network: "tsi" }, counted)).toBeUndefined();
  expect(networkUse({ network: "passt" }, counted)).toEqual(counted);
});
