import { expect, test } from "vitest";
import { ExecRequests } from "./exec-requests.ts";

const start = { argv: ["x"] };
const noError = () => expect.fail("stdin did not fail");

async function* pieces(...values: number[]) {
  for (const value of values) yield new Uint8Array([value]);
}

test("start comes first, stdin in order, then its end; the messages stay open", async () => {
  const requests = new ExecRequests(start, pieces(1, 2), noError);
  expect((await requests.next()).value).toEqual({ message: { case: "start", value: start } });
  expect((await requests.next()).value).toEqual({ message: { case: "stdin", value: new Uint8Array([1]) } });
  expect((await requests.next()).value).toEqual({ message: { case: "stdin", value: new Uint8Array([2]) } });
  expect((await requests.next()).value).toEqual({ message: { case: "stdinClose", value: {} } });
  const pending = requests.next();
  expect(await Promise.race([pending, Promise.resolve("open")])).toBe("open");
  requests.end();
  expect((await pending).done).toBe(true);
});

test("stdin is asked for one piece at a time", async () => {
  let asked = 0;
  const stdin = { next: async () => ({ done: false, value: new Uint8Array([asked++]) }) };
  const requests = new ExecRequests(start, stdin, noError);
  await requests.next();
  expect(asked).toBe(0);
  await requests.next();
  expect(asked).toBe(1);
});

test("the end releases the source and settles who waits", async () => {
  let released = 0;
  const stdin = {
    next: () => new Promise<IteratorResult<Uint8Array>>(() => {}),
    return: async () => ({ done: true as const, value: released++ }),
  };
  const requests = new ExecRequests(start, stdin, noError);
  await requests.next();
  const pending = requests.next();
  requests.end();
  requests.end();
  expect((await pending).done).toBe(true);
  expect((await requests.next()).done).toBe(true);
  expect(released).toBe(1);
});

test("a failing source is reported once", async () => {
  const errors: unknown[] = [];
  const requests = new ExecRequests(start, { next: () => Promise.reject(new Error("x")) }, (error) => {
    errors.push(error);
    requests.end();
  });
  await requests.next();
  expect((await requests.next()).done).toBe(true);
  expect(errors).toEqual([new Error("x")]);
});
