import { expect, test } from "vitest";
import { ReleaseStack } from "./release-stack.ts";

test("releases run in reverse, once, and all of them although one fails", async () => {
  const order: number[] = [];
  const stack = new ReleaseStack();
  stack.defer(() => order.push(1));
  stack.defer(() => {
    throw new Error("second");
  });
  stack.defer(async () => order.push(3));
  await expect(stack[Symbol.asyncDispose]()).rejects.toThrow("second");
  await stack[Symbol.asyncDispose]();
  expect(order).toEqual([3, 1]);
});

test("several failures come out together", async () => {
  const stack = new ReleaseStack();
  stack.defer(() => Promise.reject(new Error("a")));
  stack.defer(() => Promise.reject(new Error("b")));
  await expect(stack[Symbol.asyncDispose]()).rejects.toBeInstanceOf(AggregateError);
});
