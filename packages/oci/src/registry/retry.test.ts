import { expect, test } from "vitest";
import { OciError } from "../errors/oci-error.ts";
import { DEFAULT_RETRY_POLICY, parseRetryAfterMs, retryDelayMs, retrying, TransientFault } from "./retry.ts";

const fault = () => new TransientFault(new OciError({ code: "REGISTRY_UNREACHABLE", message: "x" }));

test.each([
  [1, 0, 125],
  [1, 0.999, 250],
  [2, 0, 250],
  [3, 0, 500],
  [3, 0.999, 1000],
])("after failure %i with random %d it waits about %i ms", (failures, random, expected) => {
  expect(retryDelayMs(failures, undefined, DEFAULT_RETRY_POLICY, random)).toBeCloseTo(expected, -1);
});

test("the wait never exceeds the longest one, and the fourth failure ends it", () => {
  expect(retryDelayMs(20, undefined, { ...DEFAULT_RETRY_POLICY, tries: 99 }, 0.999)).toBeLessThanOrEqual(4000);
  expect(retryDelayMs(4, undefined, DEFAULT_RETRY_POLICY, 0)).toBeUndefined();
});

test("Retry-After replaces the backoff up to its limit", () => {
  expect(retryDelayMs(1, 7000, DEFAULT_RETRY_POLICY, 0)).toBe(7000);
  expect(retryDelayMs(1, 31_000, DEFAULT_RETRY_POLICY, 0)).toBeUndefined();
});

test.each([
  [undefined, undefined],
  ["3", 3000],
  ["0", 0],
  ["Thu, 01 Jan 1970 00:00:05 GMT", 4000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
  ["soon", undefined],
  ["-5x", undefined],
  ["-5", undefined],
  ["1.5", undefined],
  ["99999999999999999999", 1e23],
])("Retry-After %s is %s ms", (header, expected) => {
  expect(parseRetryAfterMs(header, 1000)).toBe(expected);
});

test("throws what stands behind the last transient fault", async () => {
  let tries = 0;
  const attempt = async () => {
    tries++;
    throw fault();
  };
  const policy = { ...DEFAULT_RETRY_POLICY, firstDelayMs: 1 };
  await expect(retrying(attempt, policy, undefined)).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  expect(tries).toBe(4);
});

test("an abort ends the wait between tries with its reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = retrying(
    async () => {
      queueMicrotask(() => setImmediate(() => controller.abort(reason)));
      throw fault();
    },
    { ...DEFAULT_RETRY_POLICY, firstDelayMs: 60_000, maxDelayMs: 60_000 },
    controller.signal,
  );
  await expect(waiting).rejects.toBe(reason);
});
