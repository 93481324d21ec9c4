import { expect, test } from "vitest";
import { EventBus } from "./event-bus.ts";

type Events = { tick: number; stop: undefined };

test("listeners get their own events until they are disposed", () => {
  const bus = new EventBus<Events>();
  const seen: number[] = [];
  const listener = bus.on("tick", (value) => seen.push(value));
  bus.emit("tick", 1);
  bus.emit("stop", undefined);
  listener[Symbol.dispose]();
  bus.emit("tick", 2);
  expect(seen).toEqual([1]);
});

test("a stream delivers events in order and ends with its signal", async () => {
  const bus = new EventBus<Events>();
  const controller = new AbortController();
  const names: unknown[] = [];
  const reading = (async () => {
    for await (const event of bus.stream({ signal: controller.signal })) {
      names.push(event.name === "tick" ? event.payload : event.name);
      if (event.name === "stop") controller.abort();
    }
  })();
  bus.emit("tick", 1);
  bus.emit("tick", 2);
  bus.emit("stop", undefined);
  await reading;
  expect(names).toEqual([1, 2, "stop"]);
});

test("a reader that is too slow learns how many events it missed", async () => {
  const bus = new EventBus<Events>();
  const stream = bus.stream({ capacity: 2 });
  const first = stream.next();
  for (let value = 1; value <= 5; value++) bus.emit("tick", value);
  const seen = [(await first).value, (await stream.next()).value, (await stream.next()).value];
  expect(seen).toMatchObject([{ name: "gap", dropped: 3 }, { payload: 4 }, { payload: 5 }]);
  await stream.return();
});

test("a listener that throws does not disturb the others", async () => {
  const bus = new EventBus<Events>();
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  const seen: number[] = [];
  bus.on("tick", () => {
    throw new Error("listener broke");
  });
  bus.on("tick", (value) => seen.push(value));
  bus.emit("tick", 1);
  expect(seen).toEqual([1]);
  expect((await warned).message).toBe("listener broke");
});
