import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { archiveTree } from "../src/archive/archive-tree.ts";
import { extractTar } from "../src/archive/extract-tar.ts";
import { removeTree } from "../src/root/remove-tree.ts";
import { inventory } from "./fixture/inventory.ts";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "a3s-archive-"));
});
afterEach(() => removeTree(scratch));
const at = (...names: string[]) => join(scratch, ...names);
const tar = (...argv: string[]) => execFileSync("tar", argv, { cwd: scratch, encoding: "utf8" });

async function archive(path: string, name: string): Promise<void> {
  await writeFile(at("x.tar"), archiveTree(at(path), { name }));
}

function makeTree(): void {
  const long = "long".repeat(50);
  mkdirSync(at("tree", "sub", long), { recursive: true });
  writeFileSync(at("tree", "file"), randomBytes(200_001), { mode: 0o640 });
  writeFileSync(at("tree", "empty"), "");
  chmodSync(at("tree", "empty"), 0o4711);
  linkSync(at("tree", "file"), at("tree", "sub", "hard"));
  symlinkSync("../file", at("tree", "sub", "soft"));
  symlinkSync("t".repeat(200), at("tree", "sub", long, "far"));
  writeFileSync(Buffer.concat([Buffer.from(at("tree", "odd-")), Buffer.from([0xff, 0xfe])]), "odd");
  execFileSync("mkfifo", [at("tree", "fifo")]);
  utimesSync(at("tree", "file"), 1, 1.25);
  utimesSync(at("tree", "empty"), -2, -2.5);
  lutimesSync(at("tree", "sub", "soft"), 3, 3);
  utimesSync(at("tree", "sub"), 4, 4);
  utimesSync(at("tree"), 5, 5);
}

test("GNU tar unpacks what was archived, unchanged", async () => {
  makeTree();
  await archive("tree", "copy");
  mkdirSync(at("out"));
  tar("-xpf", "x.tar", "-C", "out");
  expect(inventory(at("out", "copy"))).toEqual(inventory(at("tree")));
});

test("what is archived is extracted unchanged, but for what is never extracted", async () => {
  makeTree();
  await extractTar(archiveTree(at("tree"), { name: "copy" }), at("out"));
  const { fifo: _, ...rest } = inventory(at("tree"));
  const empty = rest["empty"];
  expect(inventory(at("out", "copy"))).toEqual({ ...rest, empty: { ...empty, mode: "100711" } });
});

test("a file, a link, and a directory without its name", async () => {
  makeTree();
  await archive("tree/file", "named");
  expect(tar("-tf", "x.tar")).toBe("named\n");
  await archive("tree/sub/soft", "soft");
  expect(tar("-tvf", "x.tar")).toMatch(/^l.* soft -> \.\.\/file$/m);
  await archive("tree", ".");
  expect(tar("-tf", "x.tar").split("\n")).toEqual(expect.arrayContaining(["./", "./file", "./sub/hard"]));
});

test("sockets are left out, and what is missing or not to be read is an error", async () => {
  mkdirSync(at("tree"));
  const server = createServer().listen(at("tree", "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  await archive("tree", "t");
  server.close();
  expect(tar("-tf", "x.tar")).toBe("t/\n");
  await expect(archive("none", "n")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a file that changes its size meanwhile does not break the archive", async () => {
  writeFileSync(at("changing"), randomBytes(300_000));
  const pieces: Buffer[] = [];
  for await (const piece of archiveTree(at("changing"), { name: "changing" })) {
    if (pieces.length === 0) truncateSync(at("changing"), 100_000);
    pieces.push(piece);
  }
  writeFileSync(at("x.tar"), Buffer.concat(pieces));
  tar("-xf", "x.tar");
  expect(readFileSync(at("changing"))).toHaveLength(300_000);
});

test("it ends with its signal, and closes what it had open when it is left", async () => {
  makeTree();
  const pieces = archiveTree(at("tree"), { name: "t", signal: AbortSignal.abort("why") });
  await expect(pieces.next()).rejects.toBe("why");
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for await (const _ of archiveTree(at("tree"), { name: "t" })) break;
  expect(open()).toBe(before);
});
