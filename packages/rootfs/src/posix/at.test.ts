import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  chmodAt,
  chownAt,
  createFileAt,
  linkAt,
  makeDirectoryAt,
  makeNodeAt,
  openDirectoryAt,
  openFileAt,
  removeDirectoryAt,
  setTimeAt,
  setXattrAt,
  symlinkAt,
  unlinkAt,
} from "./at.ts";
import { S_IFIFO } from "./device-number.ts";

let outside: string;
let descriptor: number;
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), "a3s-rootfs-at-"));
  mkdirSync(join(outside, "inside"));
  mkdirSync(join(outside, "empty"));
  writeFileSync(join(outside, "file"), "x");
  symlinkSync("..", join(outside, "inside/up"));
  symlinkSync("../file", join(outside, "inside/link"));
  writeFileSync(join(outside, "inside/plain"), "x");
  descriptor = openSync(join(outside, "inside"), constants.O_RDONLY | constants.O_DIRECTORY);
});
afterAll(() => {
  closeSync(descriptor);
  rmSync(outside, { recursive: true });
});

const MTIME = { sec: 1, nsec: 0 };
const CALLS: readonly (readonly [string, (name: string) => unknown])[] = [
  ["openDirectoryAt", (name) => openDirectoryAt(descriptor, name)],
  ["openFileAt", (name) => openFileAt(descriptor, name)],
  ["createFileAt", (name) => createFileAt(descriptor, name)],
  ["makeDirectoryAt", (name) => makeDirectoryAt(descriptor, name)],
  ["symlinkAt", (name) => symlinkAt(descriptor, name, "target")],
  ["linkAt, to", (name) => linkAt(descriptor, "plain", descriptor, name)],
  ["linkAt, from", (name) => linkAt(descriptor, name, descriptor, "new")],
  ["makeNodeAt", (name) => makeNodeAt(descriptor, name, S_IFIFO | 0o600, 0)],
  ["unlinkAt", (name) => unlinkAt(descriptor, name)],
  ["removeDirectoryAt", (name) => removeDirectoryAt(descriptor, name)],
  ["chownAt", (name) => chownAt(descriptor, name, 0, 0)],
  ["chmodAt", (name) => chmodAt(descriptor, name, 0o777)],
  ["setTimeAt", (name) => setTimeAt(descriptor, name, MTIME)],
  ["setXattrAt", (name) => setXattrAt(descriptor, name, "user.a", Buffer.from("x"))],
];

test.each(CALLS)("%s takes one name in the directory, and nothing that leads elsewhere", (_, call) => {
  for (const name of ["", "..", "../file", "up/file", "/etc/hostname", "plain\0x", "a/"]) {
    expect(() => call(name), name).toThrow("leads out of a directory");
  }
  expect(readdirSync(outside)).toEqual(["empty", "file", "inside"]);
});

test("what is a link is not followed", () => {
  expect(() => openDirectoryAt(descriptor, "up")).toThrow("ENOTDIR");
  expect(() => openFileAt(descriptor, "link")).toThrow("ELOOP");
  expect(() => createFileAt(descriptor, "link")).toThrow("EEXIST");
  expect(() => makeDirectoryAt(descriptor, "up")).toThrow("EEXIST");
});
