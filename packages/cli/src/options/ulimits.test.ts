import { expect, test } from "vitest";
import { parseUlimits } from "./ulimits.ts";

test("a limit is one number for both, or two; the last of a name counts", () => {
  expect(parseUlimits(["nofile=1024:4096", "core=0", "memlock=-1", "cpu=1:unlimited", "core=1"])).toEqual({
    nofile: { soft: 1024, hard: 4096 },
    core: { soft: 1, hard: 1 },
    memlock: { soft: -1, hard: -1 },
    cpu: { soft: 1, hard: -1 },
  });
});

test.each([
  ["nofile", "nofile=1024:4096"],
  ["nofile=", "nofile=1024:4096"],
  ["nofile=x", "nofile=1024:4096"],
  ["nofile=-2", "nofile=1024:4096"],
  ["nofile=1:2:3", "nofile=1024:4096"],
  ["files=1", "is not one of cpu, fsize"],
  ["toString=1", "nofile=1024:4096"],
])("%s is refused", (text, why) => {
  expect(() => parseUlimits([text])).toThrow(why);
});
