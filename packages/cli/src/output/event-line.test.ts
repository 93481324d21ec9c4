import type { BoxEvent } from "@a3s/box-runtime";
import { expect, test } from "vitest";
import { formatEventLine } from "./event-line.ts";

const event = { time: "2026-01-01T00:00:00.000Z", event: "box.stopped", id: "abcdefghijkl" } as BoxEvent;

test("an event is a line of facts, and steers no terminal", () => {
  const exit = { exitCode: 137, signal: "SIGKILL", meaning: "", endedAt: null };
  expect(formatEventLine({ ...event, name: "web", image: "docker.io/library/alpine:3.22", exit })).toBe(
    "2026-01-01T00:00:00.000Z box.stopped abcdefghijkl (name=web, image=alpine:3.22, exitCode=137, signal=SIGKILL)\n",
  );
  const error = { code: null, message: "no\u001b[2J\u009bway" };
  expect(formatEventLine({ ...event, event: "box.error", error })).toMatch(/\(error="no\\u001b\[2J\ufffdway"\)\n$/);
});
