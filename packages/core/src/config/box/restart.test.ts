import { expect, test } from "vitest";
import { parseRestart } from "./restart.ts";

test.each([
  ["no", { when: "no", most: 0 }],
  ["always", { when: "always", most: Number.POSITIVE_INFINITY }],
  ["unless-stopped", { when: "unless-stopped", most: Number.POSITIVE_INFINITY }],
  ["on-failure", { when: "on-failure", most: Number.POSITIVE_INFINITY }],
  ["on-failure:3", { when: "on-failure", most: 3 }],
  ["on-failure:", undefined],
  ["on-failure:0", undefined],
  ["on-failure:-1", undefined],
  ["on-failure:1000000", undefined],
  ["always:3", undefined],
  ["", undefined],
])("the policy %j means %j", (policy, rule) => {
  expect(parseRestart(policy)).toEqual(rule);
});
