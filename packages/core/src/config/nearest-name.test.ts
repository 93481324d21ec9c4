import { expect, test } from "vitest";
import { nearestName, suggestion } from "./nearest-name.ts";

const known = [
  "image",
  "vcpus",
  "memoryMib",
  "env",
  "ports",
  "healthCheck",
  "workdir",
  "stopSignal",
  "extraHosts",
  "tmpfs",
];

test.each([
  ["memory", "memoryMib"],
  ["memoryMiB", "memoryMib"],
  ["cpus", "vcpus"],
  ["port", "ports"],
  ["health_check", "healthCheck"],
  ["extra-hosts", "extraHosts"],
  ["working_dir", "workdir"],
  ["environment", "env"],
  ["tmp", "tmpfs"],
  ["stopsingal", "stopSignal"],
  ["privileged", undefined],
  ["x", undefined],
  ["", undefined],
  ["__", undefined],
  ["image".padEnd(65, "e"), undefined],
])("who writes %j means %j", (name, meant) => {
  expect(nearestName(name, known)).toBe(meant);
});

test("a suggestion ends a sentence, or is nothing", () => {
  expect(suggestion("memory", known)).toBe("; did you mean memoryMib?");
  expect(suggestion("privileged", known)).toBe("");
});
