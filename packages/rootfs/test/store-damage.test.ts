import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "@a3s/core";
import { expect, test } from "vitest";
import { setXattr } from "../src/posix/at.ts";
import { everything } from "./fixture/one-of-everything.ts";
import { rot } from "./fixture/rot.ts";
import { Scratch } from "./fixture/scratch.ts";

const ABSENT: Digest = `sha256:${"0".repeat(64)}`;

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
