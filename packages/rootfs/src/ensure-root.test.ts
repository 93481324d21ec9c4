import { lstat, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testLayer, writeTestLayer } from "@a3s/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureRoot } from "./ensure-root.ts";
import { LowerStore } from "./store/lower-store.ts";

let scratch: string;
let store: LowerStore;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "a3s-rootfs-"));
  store = await LowerStore.open(join(scratch, "rootfs"));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const blob = (layer: ReturnType<typeof testLayer>) => writeTestLayer(join(scratch, "blobs"), layer);

test("layers are applied in order, with whiteouts, and the root is found the next time", async () => {
  const layers = [
    await blob(
      testLayer([
        { type: "directory", path: "etc", mode: 0o755, mtime: 1000 },
        { type: "file", path: "etc/motd", content: "hello\n", mode: 0o4755, mtime: 2000 },
        { type: "file", path: "etc/issue", content: "gone\n" },
        { type: "symlink", path: "lib", target: "usr/lib" },
      ]),
    ),
    await blob(
      testLayer(
        [
          { type: "whiteout", path: "etc/issue" },
          { type: "file", path: "lib/x", content: "through the link" },
          { type: "hardlink", path: "motd", target: "etc/motd" },
        ],
        { compression: "zstd" },
      ),
    ),
  ];
  const root = await ensureRoot({ store, layers });
  expect(root.found).toBe(false);
  expect(await readdir(join(root.path, "etc"))).toEqual(["motd"]);
  expect(await readFile(join(root.path, "usr/lib/x"), "utf8")).toBe("through the link");
  expect(await readlink(join(root.path, "lib"))).toBe("usr/lib");
  const motd = await lstat(join(root.path, "motd"));
  expect(motd).toMatchObject({ nlink: 2, mode: 0o104755, mtimeMs: 2_000_000 });
  expect((await lstat(join(root.path, "etc"))).mtimeMs).toBe(1_000_000);
  expect(await ensureRoot({ store, layers })).toEqual({ ...root, found: true });
});
