import { expect, test } from "vitest";
import { rounds } from "./rounds.ts";

async function* source(...values: readonly (number | Error)[]) {
  for (const value of values) {
    if (value instanceof Error) throw value;
    yield value;
  }
}

const collect = (sources: readonly AsyncIterable<number>[], onError: (error: unknown) => void = () => {}) =>
  Array.fromAsync(rounds(sources, onError));

test("each round has one value of each source that goes on", async () => {
  expect(await collect([source(1, 2), source(10)])).toEqual([[1, 10], [2]]);
  expect(await collect([])).toEqual([]);
});

test("one that fails is reported and keeps nobody from the others", async () => {
  const errors: unknown[] = [];
  const failure = new Error("gone");
  expect(await collect([source(1, failure), source(10, 20, 30)], (error) => errors.push(error))).toEqual([
    [1, 10],
    [20],
    [30],
  ]);
  expect(errors).toEqual([failure]);
});

test("whoever leaves ends the sources", async () => {
  let ended = false;
  async function* endless() {
    try {
      for (let value = 0; ; value++) yield value;
    } finally {
      ended = true;
    }
  }
  for await (const _ of rounds([endless()], () => {})) break;
  expect(ended).toBe(true);
});
