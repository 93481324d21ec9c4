import { expect, test } from "vitest";
import { Operation } from "./operation.ts";

test("gives every iterator and the callback every event, also undefined, and the result to who awaits", async () => {
  const seen: unknown[] = [];
  const onProgress = (event: unknown) => seen.push(event);
  const operation = new Operation<number | undefined, string>(
    async (emit) => {
      emit(1);
      await undefined;
      emit(undefined);
      return "done";
    },
    { onProgress },
  );
  expect(await Array.fromAsync(operation)).toEqual([1, undefined]);
  expect(await Array.fromAsync(operation)).toEqual(seen);
  expect(await operation).toBe("done");
});

test("a failure reaches who awaits and who iterates, after the events", async () => {
  const failure = new Error("broken");
  const seen: number[] = [];
  const operation = new Operation<number, never>(
    async (emit) => {
      emit(1);
      throw failure;
    },
    { onProgress: (event) => seen.push(event) },
  );
  await expect(Array.fromAsync(operation)).rejects.toBe(failure);
  await expect(operation).rejects.toBe(failure);
  expect(seen).toEqual([1]);
});

test("does not start under an aborted signal, and rejects with its reason", async () => {
  const reason = new Error("enough");
  let started = false;
  const task = async () => {
    started = true;
  };
  await expect(new Operation(task, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(started).toBe(false);
});

test("disposing it stops it and returns when its work has ended", async () => {
  let ended = false;
  {
    await using operation = new Operation<string, void>(async (emit, signal) => {
      emit("started");
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      ended = true;
    }, {});
    for await (const _event of operation) break;
  }
  expect(ended).toBe(true);
});
