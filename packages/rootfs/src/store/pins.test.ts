import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Pins } from "./pins.ts";

async function setting() {
  const directory = await mkdtemp(join(tmpdir(), "a3s-pins-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { directory: join(directory, "pins"), pins: new Pins(join(directory, "pins")) };
}

test("a pin is its owner's until it is given up, in whatever process", async () => {
  const { directory, pins } = await setting();
  expect([await pins.count("a"), await pins.unpin("one"), [...(await pins.owners())]]).toEqual([0, [], []]);
  await pins.pin("a", "one");
  await pins.pin("a", "one");
  await pins.pin("a", "two");
  await pins.pin("b", "two");
  const later = new Pins(directory);
  expect([await later.count("a"), await later.count("b"), [...(await later.owners())].sort()]).toEqual([
    2,
    1,
    ["one", "two"],
  ]);
  expect((await later.unpin("two")).toSorted()).toEqual(["a", "b"]);
  expect([await pins.count("a"), await pins.count("b")]).toEqual([1, 0]);
  await pins.unpin("one");
  expect(await readdir(directory)).toEqual([]);
});
