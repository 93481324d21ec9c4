import { expect, test } from "vitest";
import { Bell } from "./bell.ts";

const { signal } = new AbortController();

test("a ring wakes who waits, and is remembered once for who does not yet", async () => {
  const bell = new Bell();
  const waiting = bell.wait(signal);
  bell.ring();
  await waiting;
  bell.ring();
  bell.ring();
  await bell.wait(signal);
  const [controller, reason] = [new AbortController(), new Error("enough")];
  const another = bell.wait(controller.signal);
  controller.abort(reason);
  await expect(another).rejects.toBe(reason);
  await expect(bell.wait(controller.signal)).rejects.toBe(reason);
});
