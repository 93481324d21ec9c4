import { afterEach, expect, test, vi } from "vitest";
import { monotonicMs, until } from "./monotonic.ts";

const { signal } = new AbortController();
afterEach(() => void vi.useRealTimers());

test.each([
  ["forward", 365 * 24 * 60 * 60 * 1000],
  ["back", -365 * 24 * 60 * 60 * 1000],
])("a clock that is set %s while somebody waits changes nothing", async (_, jumpMs) => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const begunMs = monotonicMs();
  const waiting = until(begunMs + 50, signal);
  vi.setSystemTime(Date.now() + jumpMs);
  await waiting;
  const tookMs = monotonicMs() - begunMs;
  expect(tookMs).toBeGreaterThanOrEqual(50);
  expect(tookMs).toBeLessThan(30_000);
});

test("what is over is not waited for, a signal ends the wait, and no wait is too long for a timer", async () => {
  await until(monotonicMs() - 1, signal);
  const [controller, reason] = [new AbortController(), new Error("enough")];
  const waiting = until(monotonicMs() + 365 * 24 * 60 * 60 * 1000, controller.signal);
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});
