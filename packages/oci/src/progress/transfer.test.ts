import { expect, test } from "vitest";
import { collect } from "../../test/collect.ts";
import { Transfer } from "./transfer.ts";

test("gives every iterator and the callback every event, also undefined, and the result to who awaits", async () => {
  const seen: unknown[] = [];
  const onProgress = (event: unknown) => seen.push(event);
  const transfer = new Transfer<number | undefined, string>(
    async (emit) => {
      emit(1);
      await undefined;
      emit(undefined);
      return "done";
    },
    { onProgress },
  );
  expect(await collect(transfer)).toEqual([1, undefined]);
  expect(await collect(transfer)).toEqual(seen);
  expect(await transfer).toBe("done");
});

test("a failure reaches who awaits and who iterates, after the events", async () => {
  const failure = new Error("broken");
  const seen: number[] = [];
  const transfer = new Transfer<number, never>(
    async (emit) => {
      emit(1);
      throw failure;
    },
    { onProgress: (event) => seen.push(event) },
  );
  await expect(collect(transfer)).rejects.toBe(failure);
  await expect(transfer).rejects.toBe(failure);
  expect(seen).toEqual([1]);
});

test("does not start under an aborted signal, and rejects with its reason", async () => {
  const reason = new Error("enough");
  let started = false;
  const task = async () => {
    started = true;
  };
  await expect(new Transfer(task, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(started).toBe(false);
});

test("disposing it stops it and returns when its work has ended", async () => {
  let ended = false;
  {
    await using transfer = new Transfer<string, void>(async (emit, signal) => {
      emit("started");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      ended = true;
    }, {});
    for await (const _event of transfer) break;
  }
  expect(ended).toBe(true);
});
