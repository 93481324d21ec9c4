import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

test("tasks of one key run one after the other in order; other keys do not wait", async () => {
  const turns = new Turns();
  const log: string[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = turns.take("a", undefined, async () => {
    log.push("first starts");
    await held;
    log.push("first ends");
  });
  const second = turns.take("a", undefined, async () => void log.push("second"));
  await turns.take("b", undefined, async () => void log.push("other key"));
  release();
  await Promise.all([first, second]);
  expect(log).toEqual(["first starts", "other key", "first ends", "second"]);
});

test("a failure passes the turn on, an abort leaves the line", async () => {
  const turns = new Turns();
  const controller = new AbortController();
  const failing = turns.take("a", undefined, () => Promise.reject(new Error("no")));
  const leaving = turns.take("a", controller.signal, async () => "ran");
  controller.abort(new Error("enough"));
  await expect(failing).rejects.toThrow("no");
  await expect(leaving).rejects.toThrow("enough");
  expect(await turns.take("a", undefined, async () => "last")).toBe("last");
});
