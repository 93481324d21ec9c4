import { closeSync, constants, openSync } from "node:fs";
import { expect, test } from "vitest";
import { DEFAULT_LAYER_LIMITS } from "../src/layer/limits.ts";
import { ownPrivileges } from "../src/root/privileges.ts";
import { RootBuilder } from "../src/root/root-builder.ts";
import { IMPLIED_ATTRIBUTES } from "../src/tree/node.ts";
import { Scratch } from "./fixture/scratch.ts";

const ENTRIES = 8000;

test.each([
  ["opaque whiteouts", (root: RootBuilder) => root.opaqueWhiteout(["d"])],
  ["opaque whiteouts of what is around", (root: RootBuilder) => root.opaqueWhiteout([])],
  ["whiteouts", (root: RootBuilder) => root.whiteout([], "d")],
])("%s of a directory cost what it holds once, however many there are", async (_, repeat) => {
  await using scratch = await Scratch.create();
  const descriptor = openSync(scratch.directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    using root = new RootBuilder(descriptor, ownPrivileges(), DEFAULT_LAYER_LIMITS);
    root.beginLayer();
    for (let entry = 0; entry < ENTRIES; entry++) root.addDirectory(["d"], `${entry}`, IMPLIED_ATTRIBUTES);
    const begun = process.cpuUsage();
    for (let entry = 0; entry < ENTRIES; entry++) repeat(root);
    // Looking at everything each time takes a second.
    expect(process.cpuUsage(begun).user).toBeLessThan(300_000);
    expect(root.tree.children.get("d")).toMatchObject({ children: { size: ENTRIES } });
  } finally {
    closeSync(descriptor);
  }
});
