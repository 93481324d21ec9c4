import { closeSync, constants, openSync } from "node:fs";
import { expect, test } from "vitest";
import { Scratch } from "../../test/fixture/scratch.ts";
import { DEFAULT_LAYER_LIMITS } from "../layer/limits.ts";
import { IMPLIED_ATTRIBUTES } from "../tree/node.ts";
import { finishRoot } from "./finish-root.ts";
import { ownPrivileges } from "./privileges.ts";
import { RootBuilder } from "./root-builder.ts";

const FILES = 2000;

test("an abort is heard while files are described", async () => {
  await using scratch = await Scratch.create();
  const descriptor = openSync(scratch.directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    using root = new RootBuilder(descriptor, ownPrivileges(), DEFAULT_LAYER_LIMITS);
    root.beginLayer();
    for (let file = 0; file < FILES; file++) root.addDirectory(["d"], `${file}`, IMPLIED_ATTRIBUTES);
    const caller = new AbortController();
    const reason = new Error("enough");
    let described = 0;
    const file = () => {
      described++;
      caller.abort(reason);
    };
    await expect(finishRoot(root, descriptor, { unset: () => {}, file }, caller.signal)).rejects.toBe(reason);
    expect(described).toBeLessThan(FILES);
  } finally {
    closeSync(descriptor);
  }
});
