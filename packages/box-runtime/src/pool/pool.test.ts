import { expect, test, vi } from "vitest";
import { Pool, type PoolBounds } from "./pool.ts";

/** Members are numbers, made when a test says so. */
function setting(bounds: PoolBounds) {
  const makes: PromiseWithResolvers<void>[] = [];
  const made = new Set<number>();
  const alive = new Set<number>();
  const unfit = new Set<number>();
  const ends = new Map<number, () => void>();
  const pool = new Pool<number>(
    {
      async make(signal) {
        const making = Promise.withResolvers<void>();
        const number = makes.push(making);
        signal.addEventListener("abort", () => making.reject(signal.reason));
        await making.promise;
        made.add(number);
        alive.add(number);
        return number;
      },
      isFit: async (member) => !unfit.has(member),
      ended: (member) => new Promise<void>((resolve) => ends.set(member, resolve)),
      end: async (member) => void alive.delete(member),
    },
    bounds,
  );
  const make = async (...numbers: number[]) => {
    for (const number of numbers) makes[number - 1]?.resolve();
    await vi.waitFor(() => expect(numbers.every((number) => made.has(number))).toBe(true));
  };
  return { pool, makes, alive, unfit, ends, make };
}

test("what is missing is made, handed out once, the oldest first, and made again", async () => {
  const { pool, makes, make } = setting({ size: 2 });
  pool.fill();
  await make(1, 2);
  await vi.waitFor(() => expect(pool.ready).toBe(2));
  expect([await pool.take(), await pool.take()]).toEqual([1, 2]);
  expect([pool.ready, makes.length]).toEqual([0, 4]);
});

test("who finds nothing waits for the next one, in order, and the pool is filled besides", async () => {
  const { pool, makes, make } = setting({ size: 1 });
  const taken = [pool.take(), pool.take()];
  expect(makes).toHaveLength(3);
  await make(2);
  await make(1, 3);
  expect(await Promise.all(taken)).toEqual([2, 1]);
  await vi.waitFor(() => expect(pool.ready).toBe(1));
});

test("one that is unfit, or has ended by itself, is handed to nobody", async () => {
  const { pool, alive, unfit, ends, make } = setting({ size: 2 });
  pool.fill();
  await make(1, 2);
  await vi.waitFor(() => expect(pool.ready).toBe(2));
  unfit.add(1);
  ends.get(2)?.();
  await vi.waitFor(() => expect(pool.ready).toBe(1));
  const taken = pool.take();
  await vi.waitFor(() => expect([...alive]).toEqual([]));
  await make(3);
  expect(await taken).toBe(3);
});

test("a failure is the asker's, or else is told, and is not tried again before the next asks", async () => {
  const onError = vi.fn();
  const { pool, makes, make } = setting({ size: 1, onError });
  pool.fill();
  makes[0]?.reject(new Error("no room"));
  await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(new Error("no room")));
  expect(makes).toHaveLength(1);
  const taken = pool.take();
  makes[1]?.reject(new Error("still none"));
  await expect(taken).rejects.toThrow("still none");
  await make(3);
  expect(await pool.take()).toBe(3);
});

test("who gives up gets the signal's reason, and leaves no member too many", async () => {
  const { pool, alive, makes, make } = setting({ size: 1 });
  const controller = new AbortController();
  const taken = pool.take(controller.signal);
  controller.abort("enough");
  await expect(taken).rejects.toBe("enough");
  await expect(pool.take(AbortSignal.abort("at once"))).rejects.toBe("at once");
  expect(makes).toHaveLength(2);
  await make(1);
  makes[1]?.resolve();
  await vi.waitFor(() => expect([pool.ready, alive.size]).toEqual([1, 1]));
});

test("who waits until it is full hears of that, of a failure that keeps it from it, and of its end", async () => {
  const { pool, makes, make } = setting({ size: 2 });
  const heard: string[] = [];
  const full = (name: string) => pool.full().then(() => heard.push(`${name} ${pool.ready}`));
  const first = Promise.all([full("one"), full("two")]);
  await make(1);
  expect(heard).toEqual([]);
  await make(2);
  await first;
  expect(heard).toEqual(["one 2", "two 2"]);
  await pool.full();
  expect(makes).toHaveLength(2);

  await pool.take();
  const failing = pool.full();
  makes[2]?.reject(new Error("no room"));
  await expect(failing).rejects.toThrow("no room");
  // It is tried again.
  const again = pool.full();
  expect(makes).toHaveLength(4);
  const controller = new AbortController();
  const impatient = pool.full(controller.signal);
  controller.abort("enough");
  await expect(impatient).rejects.toBe("enough");
  await make(4);
  await again;

  await pool.take();
  const closed = pool.full();
  const refused = expect(closed).rejects.toMatchObject({ code: "POOL_CLOSED" });
  await pool[Symbol.asyncDispose]();
  await refused;
  await expect(pool.full()).rejects.toMatchObject({ code: "POOL_CLOSED" });
});

test("one that has waited too long is replaced", async () => {
  const { pool, alive, makes, make } = setting({ size: 1, idleMs: 10 });
  pool.fill();
  await make(1);
  await vi.waitFor(() => expect(makes).toHaveLength(2));
  await make(2);
  expect(alive.has(1)).toBe(false);
});

test("closing ends what waits, what is on its way and who asks, and nothing that was taken", async () => {
  const { pool, alive, make } = setting({ size: 2 });
  pool.fill();
  await make(1, 2);
  await vi.waitFor(() => expect(pool.ready).toBe(2));
  expect(await pool.take()).toBe(1);
  expect(await pool.take()).toBe(2);
  const asking = pool.take();
  const refused = expect(asking).rejects.toMatchObject({ code: "POOL_CLOSED" });
  await pool[Symbol.asyncDispose]();
  await refused;
  expect([...alive]).toEqual([1, 2]);
  await expect(pool.take()).rejects.toMatchObject({ code: "POOL_CLOSED" });
});
