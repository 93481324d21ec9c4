import { expect, test } from "vitest";
import { LastingWork, SharedWork } from "./shared-work.ts";

/** Work that ends when it is told to. */
function controlled() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal) => {
    signals.push(signal);
    return promise;
  };
  return { start, signals, resolve, reject };
}

test("those who wait for the same share one run, and the next starts another", async () => {
  const work = new SharedWork<string>();
  const { start, signals, resolve } = controlled();
  const both = Promise.all([work.run("a", start, undefined), work.run("a", start, undefined)]);
  const other = work.run("b", start, undefined);
  resolve("done");
  expect([...(await both), await other]).toEqual(["done", "done", "done"]);
  expect(signals.length).toBe(2);
  await work.run("a", start, undefined);
  expect(signals.length).toBe(3);
});

test("it is aborted when the last one has left, and not before", async () => {
  const work = new SharedWork<string>();
  const { start, signals, resolve } = controlled();
  const [one, two] = [new AbortController(), new AbortController()];
  const leaving = [work.run("a", start, one.signal), work.run("a", start, two.signal)];
  one.abort(new Error("one"));
  await expect(leaving[0]).rejects.toThrow("one");
  expect(signals[0]?.aborted).toBe(false);
  two.abort(new Error("two"));
  await expect(leaving[1]).rejects.toThrow("two");
  expect(signals[0]?.aborted).toBe(true);
  const next = work.run("a", start, undefined);
  resolve("again");
  expect(await next).toBe("again");
});

test("a signal that has aborted starts nothing", async () => {
  const { start, signals } = controlled();
  const reason = new Error("enough");
  await expect(new SharedWork<string>().run("a", start, AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(signals).toEqual([]);
});

test("lasting work is done once for each key, but again after a failure", async () => {
  const work = new LastingWork<number>();
  let runs = 0;
  const run = (key: string) =>
    work.run(
      key,
      async () => {
        if (++runs === 1) throw new Error("first");
        return runs;
      },
      undefined,
    );
  await expect(run("a")).rejects.toThrow("first");
  expect([await run("a"), await run("a"), await run("b")]).toEqual([2, 2, 3]);
});
