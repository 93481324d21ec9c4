import type { Random } from "@a3s/testing";
import type { FuzzEntry } from "./fuzz-entry.ts";

/** Few names, so that entries meet; two are one when normalised, one is the runtime's own. */
const NAMES = ["a", "b", "c", "d", "etc", "lib", "caf\u00e9", "cafe\u0301", "canary", "long".repeat(30)];
const TYPES: readonly (readonly [number, FuzzEntry["type"]])[] = [
  [8, "file"],
  [7, "directory"],
  [6, "symlink"],
  [4, "hardlink"],
  [1, "fifo"],
  [1, "character-device"],
];

/** Entries of one layer. Without root they stay readable for the process that checks them. */
export function generateLayer(random: Random, isRoot: boolean): readonly FuzzEntry[] {
  return Array.from({ length: random.below(16) }, () => generateEntry(random, isRoot));
}

function generateEntry(random: Random, isRoot: boolean): FuzzEntry {
  const type = random.weighted(TYPES);
  const isFile = type === "file";
  const isLink = type === "symlink" || type === "hardlink";
  const readable = isRoot ? 0 : 0o700;
  return {
    type,
    path: namePath(random, type),
    target: isLink ? targetPath(random, type) : "",
    content: isFile
      ? random.bytes(
          random.weighted([
            [3, 0],
            [5, random.below(40)],
            [1, random.below(3000)],
          ]),
        )
      : Buffer.alloc(0),
    hole: isFile && random.chance(0.1) ? 1 + random.below(20_000) : 0,
    mode: random.below(0o10000) | readable,
    uid: random.pick([0, 0, 1000, 65_534, 0xffff_fffe]),
    gid: random.pick([0, 0, 5, 65_534]),
    mtime: {
      sec: random.weighted([
        [5, random.below(2 ** 31)],
        [1, -1 - random.below(1000)],
        [1, 0],
      ]),
      nsec: random.chance(0.3) ? random.below(1_000_000_000) : 0,
    },
    xattrs: xattrsOf(random, type),
    format: random.weighted([
      [5, "plain"],
      [2, "pax"],
      [1, "gnu"],
    ]),
  };
}

function xattrsOf(random: Random, type: FuzzEntry["type"]): FuzzEntry["xattrs"] {
  if (random.chance(0.003)) return { "user.overlay.opaque": "y" };
  if ((type !== "file" && type !== "directory") || random.chance(0.8)) return {};
  return { "user.note": random.pick(["", "x", "a\nb=c", "\0\0"]) };
}

function namePath(random: Random, type: FuzzEntry["type"]): string {
  const names = Array.from({ length: 1 + random.below(4) }, () => name(random, 0.03));
  const last = names.at(-1) ?? "";
  if (type === "file" && random.chance(0.25)) {
    names.splice(
      -1,
      1,
      random.weighted([
        [6, `.wh.${last}`],
        [4, ".wh..wh..opq"],
        [1, ".wh..wh.plnk"],
        [1, ".wh."],
      ]),
    );
  }
  const path = names.join("/");
  return `${random.chance(0.1) ? "/" : ""}${random.chance(0.1) ? "./" : ""}${path}${type === "directory" ? "/" : ""}`;
}

function targetPath(random: Random, type: "symlink" | "hardlink"): string {
  const names = Array.from({ length: 1 + random.below(4) }, () => name(random, type === "symlink" ? 0.3 : 0.03));
  return `${random.chance(0.3) ? "/" : ""}${names.join("/")}`;
}

function name(random: Random, parentProbability: number): string {
  if (random.chance(parentProbability)) return "..";
  if (random.chance(0.03)) return ".";
  if (random.chance(0.003)) return random.pick([".a3s", "x".repeat(256), ""]);
  return random.pick(NAMES);
}
