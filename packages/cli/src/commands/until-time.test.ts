import { once } from "node:events";
import { expect, test } from "vitest";
import { untilTime } from "./until-time.ts";

const never = async (signal: AbortSignal) => {
  await once(signal, "abort");
  throw signal.reason;
};

test("a task ends at its time without a failure, or before, and does not begin after it", async () => {
  const signal = new AbortController().signal;
  await untilTime(new Date(Date.now() + 20), signal, never);
  let ran = 0;
  await untilTime(undefined, signal, async () => void ran++);
  await untilTime(new Date(Date.now() + 2 ** 40), signal, async () => void ran++);
  expect(ran).toBe(2);
  await untilTime(new Date(0), signal, async () => void ran++);
  expect(ran).toBe(2);
});

test("its own failure and that of its signal are failures", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const running = untilTime(new Date(Date.now() + 60_000), controller.signal, never);
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
  const failing = untilTime(new Date(Date.now() + 60_000), new AbortController().signal, () => Promise.reject(reason));
  await expect(failing).rejects.toBe(reason);
});
