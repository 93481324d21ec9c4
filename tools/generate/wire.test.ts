import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { breakingWire, differences } from "./wire.ts";

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
  expect(differences("packages/agent-client/src/gen", committed, fresh)).toEqual([
    "packages/agent-client/src/gen/left.ts comes from no definition",
    "packages/agent-client/src/gen/new.ts is missing",
    "packages/agent-client/src/gen/stale.ts is stale",
  ]);
});

test.each([
  ["a field that is gone", "uint32 protocol = 2;", "reserved 2;", /field "2".*deleted|deleted.*field "2"/],
  ["a field of another type", "uint32 protocol = 2;", "string protocol = 2;", /type/],
  ["a method that is gone", "rpc Info(InfoRequest) returns (InfoResponse);", "", /RPC "Info"/],
  ["a field that is new", "uint32 protocol = 2;", "uint32 protocol = 2; string more = 99;", undefined],
])("%s against the last release", async (_what, old, changed, finding) => {
  const repository = await mkdtemp(join(tmpdir(), "a3s-wire-"));
  try {
    await cp(join(import.meta.dirname, "../../proto"), join(repository, "proto"), { recursive: true });
    const file = join(repository, "proto/a3s/agent/v1/agent.proto");
    const text = await readFile(file, "utf8");
    expect(text).toContain(old);
    await writeFile(file, text.replace(old, changed));
    const found = (await breakingWire(repository)).join("\n");
    if (finding === undefined) expect(found).toBe("");
    else expect(found).toMatch(finding);
  } finally {
    await rm(repository, { recursive: true, force: true });
  }
});
