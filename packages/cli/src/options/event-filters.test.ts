import type { BoxEvent } from "@a3s/box-runtime";
import { expect, test } from "vitest";
import { parseEventFilters } from "./event-filters.ts";

const event = {
  ...{ time: "2026-01-01T00:00:00.000Z", event: "box.stopped", id: "abcdefghijkl" },
  ...{ name: "web", image: "docker.io/library/alpine:3.22" },
} as BoxEvent;

test.each([
  [[], true],
  [["box=web"], true],
  [["box=abc"], true],
  [["box=we"], false],
  [["event=stopped"], true],
  [["event=box.started"], false],
  [["event=started", "event=stopped"], true],
  [["event=stopped", "box=other"], false],
  [["image=alpine:3.22"], true],
])("%j passes: %j", (entries, passes) => {
  expect(parseEventFilters(entries)(event)).toBe(passes);
});

test.each(["", "box", "box=", "color=red", "toString=x"])("no filter: %j", (text) => {
  expect(() => parseEventFilters([text])).toThrow("is not a filter");
});
