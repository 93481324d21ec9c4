import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "@a3s/core";
import { expect, test } from "vitest";
import { ensureRoot } from "../src/ensure-root.ts";
import { setXattr } from "../src/posix/at.ts";
import { dir, file, hard, link } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";

const isRoot = process.geteuid?.() === 0;
const ABSENT: Digest = `sha256:${"0".repeat(64)}`;

/** One of everything. */
const everything = plain([
  dir(".", { mode: 0o755, mtime: 5 }),
  dir("bin", { mtime: 6 }),
  file("bin/su", "setuid", { mode: 0o4755, mtime: 7 }),
  hard("bin/su2", "bin/su"),
  link("sbin", "bin", { mtime: 8 }),
  dir("etc", { mode: 0o700, mtime: 9 }),
  file("etc/motd", "hello", { mtime: 10 }),
  file("etc/noted", "x", { mtime: 11, xattrs: { "user.note": "a" } }),
  dir("etc/deep/er", { mtime: 12 }),
  file("etc/deep/er/file", "y", { mtime: 13 }),
  file("etc-before-slash", "", { mtime: 14 }),
  file("ä \u2028", "unicode", { mtime: 15 }),
  { type: "fifo", path: "fifo", mtime: 16 },
]);

/** Changes the content of a file and nothing else. */
function rot(path: string): void {
  const { atime, mtime, size } = statSync(path);
  writeFileSync(path, "#".repeat(size));
  utimesSync(path, atime, mtime);
}

interface Damage {
  readonly what: string;
  /** Works on the root directory. */
  readonly do: (root: string) => void;
  /** Of the report, beside the time of a directory that had to change. */
  readonly finds: readonly object[];
  readonly files?: readonly string[];
}

const CHANGED = { kind: "changed" };
const damages: readonly Damage[] = [
  {
    what: "content that rots",
    do: (root) => rot(join(root, "etc/motd")),
    finds: [{ ...CHANGED, path: "etc/motd", field: "sha256" }],
  },
  {
    what: "content with two names",
    do: (root) => rot(join(root, "bin/su")),
    finds: ["bin/su", "bin/su2"].flatMap((path) => [{ ...CHANGED, path, field: "sha256" }]),
  },
  {
    what: "a file that is cut",
    do: (root) => truncateSync(join(root, "etc/motd"), 2),
    finds: [{ ...CHANGED, path: "etc/motd", field: "size", expected: 5, actual: 2 }],
  },
  {
    what: "a file that is gone",
    do: (root) => unlinkSync(join(root, "etc/motd")),
    finds: [{ path: "etc/motd", kind: "missing" }],
  },
  {
    what: "a directory that is gone, as one",
    do: (root) => rmSync(join(root, "etc/deep"), { recursive: true }),
    finds: [{ path: "etc/deep", kind: "missing" }],
  },
  {
    what: "the root directory, gone",
    do: (root) => rmSync(root, { recursive: true }),
    finds: [{ path: "", kind: "missing" }],
  },
  {
    what: "the root directory, moved to where a link leads",
    do: (root) => {
      renameSync(root, `${root}-moved`);
      symlinkSync(`${root}-moved`, root);
    },
    finds: [{ path: "", kind: "missing" }],
  },
  {
    what: "files too many",
    do: (root) => {
      writeFileSync(join(root, "bin/zz"), "");
      mkdirSync(join(root, "aa"));
      writeFileSync(join(root, "aa/inside"), "");
    },
    finds: [
      { path: "aa", kind: "extra" },
      { path: "bin/zz", kind: "extra" },
    ],
  },
  {
    what: "a mode",
    do: (root) => chmodSync(join(root, "bin/su"), 0o755),
    finds: ["bin/su", "bin/su2"].map((path) => ({ ...CHANGED, path, field: "mode", expected: 0o4755, actual: 0o755 })),
  },
  {
    what: "the mode of a directory",
    do: (root) => chmodSync(join(root, "etc"), 0o755),
    finds: [{ ...CHANGED, path: "etc", field: "mode" }],
  },
  {
    what: "a time",
    do: (root) => utimesSync(join(root, "etc/motd"), 10, 11),
    finds: [{ ...CHANGED, path: "etc/motd", field: "mtime", expected: "10000000000", actual: "11000000000" }],
  },
  {
    what: "where a link leads",
    do: (root) => {
      unlinkSync(join(root, "sbin"));
      symlinkSync("etc", join(root, "sbin"));
    },
    finds: [{ ...CHANGED, path: "sbin", field: "target", expected: "bin", actual: "etc" }],
  },
  {
    what: "a further name",
    do: (root) => linkSync(join(root, "etc/motd"), join(dirname(root), "aside")),
    finds: [{ ...CHANGED, path: "etc/motd", field: "links", expected: 1, actual: 2 }],
  },
  {
    what: "an attribute",
    do: (root) => {
      const descriptor = openSync(join(root, "etc/noted"), "r");
      setXattr(descriptor, "user.note", Buffer.from("b"));
      closeSync(descriptor);
    },
    finds: [{ ...CHANGED, path: "etc/noted", field: "xattrs", expected: [["user.note", "YQ=="]] }],
  },
  {
    what: "a link in a directory's place, which is not followed",
    do: (root) => {
      renameSync(join(root, "etc"), join(dirname(root), "etc"));
      symlinkSync("../etc", join(root, "etc"));
    },
    finds: [{ ...CHANGED, path: "etc", field: "type", expected: "directory", actual: "symlink" }],
  },
  {
    what: "a FIFO in a file's place, which is not waited for",
    do: (root) => {
      unlinkSync(join(root, "etc/motd"));
      execFileSync("mkfifo", [join(root, "etc/motd")]);
    },
    finds: [{ ...CHANGED, path: "etc/motd", field: "type", expected: "file", actual: "fifo" }],
  },
  {
    what: "a directory in a file's place, as one",
    do: (root) => {
      unlinkSync(join(root, "etc/motd"));
      mkdirSync(join(root, "etc/motd/deeper"), { recursive: true });
    },
    finds: [{ ...CHANGED, path: "etc/motd", field: "type", expected: "file", actual: "directory" }],
  },
  {
    what: "a manifest",
    do: (root) => appendFileSync(join(dirname(root), "manifest.jsonl"), "{}\n"),
    finds: [],
    files: ["manifest.jsonl"],
  },
  {
    what: "a manifest that is gone",
    do: (root) => unlinkSync(join(dirname(root), "manifest.jsonl")),
    finds: [],
    files: ["manifest.jsonl"],
  },
  {
    what: "the list of what could not be set",
    do: (root) => appendFileSync(join(dirname(root), "unset.jsonl"), "{}\n"),
    finds: [],
    files: ["unset.jsonl"],
  },
  {
    what: "a record",
    do: (root) => writeFileSync(join(dirname(root), "record.json"), "{}"),
    finds: [],
    files: ["record.json"],
  },
  {
    what: "a record of other layers",
    do: (root) => {
      const path = join(dirname(root), "record.json");
      writeFileSync(path, readFileSync(path, "utf8").replace(/"diffId": "sha256:[^"]*"/, `"diffId": "${ABSENT}"`));
    },
    finds: [],
    files: ["record.json"],
  },
];

test.each(damages)("verify finds $what, and the root is built again", async (damage) => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { chainId, path } = await scratch.apply(everything);
  expect(await store.verify(chainId)).toMatchObject({ roots: 1, unreadable: 0, damaged: [] });
  expect(await store.has(chainId)).toBe(true);

  damage.do(path);
  const report = await store.verify(chainId);
  expect(report).toMatchObject({
    roots: 1,
    damaged: [{ chainId, path, more: 0, leases: 0, files: damage.files ?? [] }],
  });
  const found = report.damaged[0]?.differences ?? [];
  const relevant = found.filter(
    (difference) => difference.kind !== "changed" || difference.field !== "mtime" || damage.what === "a time",
  );
  expect(relevant).toMatchObject(damage.finds);

  expect(await store.has(chainId)).toBe(false);
  expect(await store.usage()).toMatchObject({ roots: 0, damaged: [chainId] });
  expect(await scratch.apply(everything)).toMatchObject({ found: false });
  expect(await store.verify("all")).toMatchObject({ roots: 1, damaged: [] });
  await scratch.expectUntouched();
});

test.runIf(isRoot)("verify finds an owner that changed", async () => {
  await using scratch = await Scratch.create();
  const { chainId, path } = await scratch.apply(everything);
  chownSync(join(path, "etc/motd"), 1, 2);
  const { damaged } = await scratch.store.verify(chainId);
  expect(damaged[0]?.differences).toMatchObject([
    { path: "etc/motd", field: "uid", expected: 0, actual: 1 },
    { path: "etc/motd", field: "gid", expected: 0, actual: 2 },
  ]);
});

test("the manifest has a line for each file, sorted", async () => {
  await using scratch = await Scratch.create();
  const { manifestPath, files } = await scratch.apply(everything);
  const lines = readFileSync(manifestPath, "utf8").trimEnd().split("\n");
  const paths = lines.map((line) => JSON.parse(line).path);
  expect(paths.length).toBe(files);
  expect(paths).toEqual([
    "",
    "bin",
    "bin/su",
    "bin/su2",
    "etc",
    "etc/deep",
    "etc/deep/er",
    "etc/deep/er/file",
    "etc/motd",
    "etc/noted",
    "etc-before-slash",
    "fifo",
    "sbin",
    "ä \u2028",
  ]);
  expect(JSON.parse(lines[2] ?? "")).toMatchObject({
    type: "file",
    mode: 0o4755,
    links: 2,
    size: 6,
    mtime: "7000000000",
  });
});

test("a damaged root that somebody holds is reported, and not replaced until it is free", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { chainId, path } = await scratch.apply(everything);
  {
    await using _one = await store.lease(chainId);
    await using _two = await store.lease(chainId);
    rot(join(path, "etc/motd"));
    expect(await store.verify("all")).toMatchObject({ damaged: [{ chainId, leases: 2 }] });
    await expect(scratch.apply(everything)).rejects.toMatchObject({ code: "STORE_CORRUPT", details: { leases: 2 } });
    await expect(store.lease(chainId)).rejects.toMatchObject({ code: "ROOT_NOT_FOUND" });
    expect(existsSync(join(path, "etc/motd"))).toBe(true);
    // Asked again, it says the same.
    const { damaged } = await store.verify(chainId);
    expect(damaged).toMatchObject([{ differences: [{ path: "etc/motd", field: "sha256" }], leases: 2 }]);
  }
  expect(await scratch.apply(everything)).toMatchObject({ found: false });
});

test("a report has a hundred differences, and a number of the others", async () => {
  await using scratch = await Scratch.create();
  const { chainId, path } = await scratch.apply(everything);
  for (let number = 0; number < 150; number++) writeFileSync(join(path, `many${number}`), "");
  const { damaged } = await scratch.store.verify(chainId);
  expect(damaged[0]?.differences.length).toBe(100);
  // The directory that they are in has another time as well.
  expect(damaged[0]?.more).toBe(51);
});

test("a verification tells how far it is, and gives up when it is told", async () => {
  await using scratch = await Scratch.create();
  const { store } = scratch;
  const { chainId } = await scratch.apply(plain([file("big", "x".repeat(20 << 20)), file("small")]));
  const before = readdirSync("/proc/self/fd").length;
  const seen: number[] = [];
  const { bytes } = await store.verify("all", { onProgress: (progress) => seen.push(progress.bytes) });
  expect(bytes).toBeGreaterThan(20 << 20);
  expect(seen.length).toBeGreaterThan(3);
  expect(seen.at(-1)).toBe(bytes);

  const controller = new AbortController();
  const reason = new Error("enough");
  const giveUp = { signal: controller.signal, onProgress: () => controller.abort(reason) };
  await expect(store.verify("all", giveUp)).rejects.toBe(reason);
  expect(readdirSync("/proc/self/fd").length).toBe(before);
  expect(await store.has(chainId)).toBe(true);
  // It holds nothing any more.
  expect(await store.remove(chainId)).toBe(true);
});

test("what is not there cannot be verified", async () => {
  await using scratch = await Scratch.create();
  await expect(scratch.store.verify(ABSENT)).rejects.toMatchObject({ code: "ROOT_NOT_FOUND" });
  expect(await scratch.store.verify("all")).toEqual({ roots: 0, bytes: 0, unreadable: 0, damaged: [] });
});

test("an aborted verification stops at once when it is aborted already", async () => {
  await using scratch = await Scratch.create();
  const { chainId } = await scratch.apply(everything);
  await expect(ensureRoot({ store: scratch.store, layers: [], signal: AbortSignal.abort() })).rejects.toThrow(
    "aborted",
  );
  await expect(scratch.store.verify(chainId, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
});
