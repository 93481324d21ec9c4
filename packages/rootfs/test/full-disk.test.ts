import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { file } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const program = fileURLToPath(new URL("fill-store.ts", import.meta.url));
/** A small file system of its own, for this command only. */
const SCRIPT = 'mount -t tmpfs -o size=8m full /mnt && exec "$0" "$@"';

test("a full disk is NO_SPACE and leaves nothing unfinished; what is there is found, and pruned to make room", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(plain([file("small")]), plain([file("large", "x".repeat(16 << 20))]));
  const command = ["sh", "-c", SCRIPT, process.execPath, program, "/mnt", JSON.stringify(layers)];
  const { stdout } = await promisify(execFile)("unshare", ["--user", "--map-root-user", "--mount", ...command]);
  expect(JSON.parse(stdout)).toEqual({
    error: { code: "NO_SPACE", hint: expect.any(String) },
    staged: [],
    freeBlocks: 0,
    found: true,
    removed: 1,
    left: [],
  });
});
