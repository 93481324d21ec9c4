import { expect, test } from "vitest";
import { deriveLife } from "./derive-life.ts";

test.each([
  ["created", "gone", "free", "created", undefined],
  ["created", "gone", "busy", "created", undefined],
  ["starting", "gone", "busy", "starting", undefined],
  ["starting", "alive", "busy", "starting", undefined],
  ["starting", "alive", "free", "starting", "finish-start"],
  ["starting", "gone", "free", "stopped", "settle"],
  ["running", "alive", "free", "running", undefined],
  ["running", "alive", "busy", "running", undefined],
  ["running", "gone", "free", "stopped", "settle"],
  ["running", "gone", "busy", "stopped", "settle"],
  ["stopping", "alive", "busy", "stopping", undefined],
  ["stopping", "gone", "busy", "stopping", undefined],
  ["stopping", "alive", "free", "stopping", "finish-stop"],
  ["stopping", "gone", "free", "stopped", "settle"],
  ["stopped", "gone", "free", "stopped", undefined],
  ["removing", "alive", "busy", "removing", undefined],
  ["removing", "gone", "free", "removing", "finish-remove"],
] as const)(
  "a box that is meant to be %s, its VM %s, its lock %s, is %s and needs %s",
  (intent, vm, lock, life, mend) => {
    expect(deriveLife({ intent, alive: vm === "alive", busy: lock === "busy" })).toEqual({ life, mend });
  },
);
