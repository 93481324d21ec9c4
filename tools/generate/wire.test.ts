import { expect, test } from "vitest";
import { differences } from "./wire.ts";

test("names files that are stale, missing or left over", () => {
  const committed = new Map([
    ["same.ts", "1"],
    ["stale.ts", "old"],
    ["left.ts", ""],
  ]);
  const fresh = new Map([
    ["same.ts", "1"],
    ["stale.ts", "new"],
    ["new.ts", ""],
  ]);
  expect(differences(committed, fresh)).toEqual([
    "packages/agent-client/src/gen/left.ts comes from no definition",
    "packages/agent-client/src/gen/new.ts is missing",
    "packages/agent-client/src/gen/stale.ts is stale",
  ]);
});
