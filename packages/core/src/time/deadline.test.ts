import { expect, test } from "vitest";
import { CoreError } from "../errors/core-error.ts";
import { raceSignal, startDeadline } from "./deadline.ts";

const never = new Promise<never>(() => {});

test("a wait that takes too long ends with DEADLINE_EXCEEDED and says what it waited for", async () => {
  using deadline = startDeadline({ timeoutMs: 5, what: "the guest's call" });
  const error = await raceSignal(never, deadline.signal).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CoreError);
  expect(error).toMatchObject({ code: "DEADLINE_EXCEEDED", message: "the guest's call did not happen within 5 ms" });
});

test("the caller's abort reason comes through unchanged, also when it came before", async () => {
  const reason = new Error("the user left");
  const controller = new AbortController();
  using running = startDeadline({ timeoutMs: 60_000, what: "x", signal: controller.signal });
  controller.abort(reason);
  await expect(raceSignal(never, running.signal)).rejects.toBe(reason);
  using late = startDeadline({ timeoutMs: 60_000, what: "x", signal: controller.signal });
  await expect(raceSignal(never, late.signal)).rejects.toBe(reason);
});

test("a disposed deadline never fires", async () => {
  const deadline = startDeadline({ timeoutMs: 1, what: "x" });
  deadline[Symbol.dispose]();
  await new Promise((resolve) => setImmediate(resolve));
  expect(deadline.signal.aborted).toBe(false);
});

test("a settled promise wins over a later abort", async () => {
  const controller = new AbortController();
  await expect(raceSignal(Promise.resolve(7), controller.signal)).resolves.toBe(7);
  controller.abort();
});
