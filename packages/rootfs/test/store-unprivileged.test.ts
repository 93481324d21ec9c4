import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { VerifyReport } from "../src/store/verify-roots.ts";
import { dir, file } from "./fixture/entries.ts";
import { runChild } from "./fixture/run-child.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

/** Nobody; the tests themselves run as root, or as any user, who then stands for it. */
const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;
const user = isRoot ? NOBODY : undefined;

function verify(store: string): VerifyReport {
  const program = fileURLToPath(new URL("verify-store.ts", import.meta.url));
  const options = user === undefined ? {} : { uid: user, gid: user };
  return JSON.parse(execFileSync(process.execPath, [program, store], { encoding: "utf8", ...options }));
}

test("without root, a root is verified as it is on disk, and what may not be read is counted", async () => {
  await using scratch = await Scratch.create();
  const layers = await scratch.layers(
    plain([
      dir(".", { mode: 0o500 }),
      file("etc/shadow", "secret", { mode: 0, uid: 0, gid: 42 }),
      file("etc/passwd", "known", { uid: 0 }),
      dir("shut", { mode: 0 }),
      dir("shut/below", { mode: 0o700 }),
      file("shut/below/file", "x"),
      dir("listed", { mode: 0o400 }),
      file("listed/file", "x"),
      dir("passed", { mode: 0o100 }),
      file("passed/file", "x"),
      file("ping", "x", { xattrs: { "security.capability": "caps", "user.note": "set" } }),
      { type: "character-device", path: "null", major: 1, minor: 3 },
    ]),
  );
  if (isRoot) {
    chmodSync(scratch.directory, 0o755);
    chownSync(scratch.directory, NOBODY, NOBODY);
  }
  const store = join(scratch.directory, "own/rootfs");
  const root = await runChild({ store, layers }, user);
  // The content of etc/shadow; two below shut; one each below the other two.
  expect(verify(store)).toMatchObject({ roots: 1, damaged: [], unreadable: 5 });

  const manifest = readFileSync(join(dirname(root.path), "manifest.jsonl"), "utf8");
  const lines = manifest
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const modes = Object.fromEntries(lines.map(({ path, mode }) => [path, mode]));
  expect(modes).toMatchObject({ "": 0o500, shut: 0, "shut/below": 0o700, listed: 0o400, "etc/shadow": 0 });
  expect(lines.every(({ uid }) => uid === (user ?? process.geteuid?.()))).toBe(true);
  // What is not on disk is not in it.
  expect(modes).not.toHaveProperty("null");

  writeFileSync(join(root.path, "etc/passwd"), "other");
  expect(verify(store)).toMatchObject({ damaged: [{ differences: [{ path: "etc/passwd" }, { path: "etc/passwd" }] }] });
  expect(await runChild({ store, layers }, user)).toMatchObject({ found: false });
  expect(verify(store)).toMatchObject({ damaged: [] });
  unlinkSync(join(dirname(root.path), "record.json"));
  expect(verify(store)).toMatchObject({ damaged: [{ files: ["record.json"] }] });
});
