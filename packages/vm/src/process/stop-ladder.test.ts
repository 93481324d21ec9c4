import { expect, test } from "vitest";
import { climb } from "./stop-ladder.ts";

/** Something that ends at the given step, or never. */
function patient(endsAt: "terminate" | "kill" | "never") {
  const steps: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const step = (name: string) => () => {
    steps.push(name);
    if (name === endsAt) resolve("gone");
  };
  return { steps, ended, terminate: step("terminate"), kill: step("kill") };
}

test("what ends when it is asked is not killed", async () => {
  const process = patient("terminate");
  expect(await climb({ ...process, graceMs: 60_000 })).toBe("gone");
  expect(process.steps).toEqual(["terminate"]);
});

test("what does not is killed when the grace is over", async () => {
  const process = patient("kill");
  expect(await climb({ ...process, graceMs: 1 })).toBe("gone");
  expect(process.steps).toEqual(["terminate", "kill"]);
});

test("an abort ends the wait, before and after the kill, and asks for nothing when it came first", async () => {
  const reason = new Error("enough");
  const untouched = patient("never");
  await expect(climb({ ...untouched, graceMs: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(untouched.steps).toEqual([]);
  const controller = new AbortController();
  const asked = patient("never");
  const waiting = climb({ ...asked, graceMs: 60_000, signal: controller.signal });
  controller.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(asked.steps).toEqual(["terminate"]);
  const late = new AbortController();
  const stubborn = patient("never");
  const killed = climb({
    ...stubborn,
    kill: () => {
      stubborn.kill();
      queueMicrotask(() => late.abort(reason));
    },
    graceMs: 1,
    signal: late.signal,
  });
  await expect(killed).rejects.toBe(reason);
  expect(stubborn.steps).toEqual(["terminate", "kill"]);
});
