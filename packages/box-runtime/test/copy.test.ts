import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { connectAgent } from "@a3s/agent-client";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "../../agent-client/test/real-agent.ts";
import { getXattrAt, listXattrsAt, setXattrAt } from "../../rootfs/src/posix/at.ts";
import { type CopyOptions, copyIn } from "../src/copy/copy-in.ts";
import { type CopyOutOptions, copyOut } from "../src/copy/copy-out.ts";

/** The real agent on this machine: its files are in `guest`, those of the host beside it. */
let agent: RealAgent;
let client: ReturnType<typeof connectAgent>;
let scratch: string;
beforeAll(async () => {
  agent = await startRealAgent();
  client = connectAgent({ socketPath: agent.socketPath });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await agent[Symbol.asyncDispose]();
});
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "a3s-copy-"));
  mkdirSync(at("host"));
  mkdirSync(at("guest"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const at = (...names: string[]) => [scratch, ...names].join("/");
const into = (from: string, to: string, options: CopyOptions = {}) =>
  copyIn(client.files, at("host", from), at("guest", to), options);
const out = (from: string, to: string, options: CopyOutOptions = {}) =>
  copyOut(client.files, at("guest", from), at("host", to), options);

const isRoot = process.geteuid?.() === 0;

const both = [
  ["into a guest", "host", "guest", into],
  ["out of a guest", "guest", "host", out],
] as const;

function makeTree(root: string): void {
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "file"), randomBytes(300_000), { mode: 0o640 });
  linkSync(join(root, "file"), join(root, "sub", "hard"));
  symlinkSync("../file", join(root, "sub", "soft"));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/odd-`), Buffer.from([0xff])]), "odd");
  utimesSync(join(root, "file"), 1, 1.25);
  chmodSync(join(root, "sub"), 0o750);
  utimesSync(join(root, "sub"), 5, 5);
}

function inventory(root: string) {
  return readdirSync(root, { recursive: true, encoding: "latin1" })
    .toSorted()
    .map((path) => {
      const file = Buffer.from(`${root}/${path}`, "latin1");
      const stat = lstatSync(file);
      const content = stat.isFile() ? readFileSync(file, "hex") : undefined;
      return [path, stat.mode, stat.mtimeMs, content, stat.isSymbolicLink() ? readlinkSync(file) : undefined];
    });
}

test.each(both)("%s, a tree keeps modes, times, links and names of any bytes", async (_name, from, to, copy) => {
  makeTree(at(from, "tree"));
  const { entries } = await copy("tree", "copy");
  expect(entries).toBe(6);
  expect(inventory(at(to, "copy"))).toEqual(inventory(at(from, "tree")));
  expect(statSync(at(to, "copy", "file")).ino).toBe(statSync(at(to, "copy", "sub", "hard")).ino);
  expect(readdirSync(at(to))).toEqual(["copy"]);
});

test.each(both)("%s, a file with holes takes no more room than before", async (_name, from, to, copy) => {
  writeFileSync(at(from, "file"), "start");
  truncateSync(at(from, "file"), 64 * 1024 * 1024);
  appendFileSync(at(from, "file"), "end");
  await copy("file", "copy");
  expect(statSync(at(to, "copy")).size).toBe(64 * 1024 * 1024 + 3);
  expect(statSync(at(to, "copy")).blocks * 512).toBeLessThan(65_536);
  expect(readFileSync(at(to, "copy")).equals(readFileSync(at(from, "file")))).toBe(true);
});

/** The extended attributes of a file, in hexadecimal, after some were set. */
function xattrs(path: string, set: Record<string, string> = {}): Record<string, string> {
  const directory = openSync(dirname(path), "r");
  const name = basename(path);
  try {
    for (const [xattr, value] of Object.entries(set)) setXattrAt(directory, name, xattr, Buffer.from(value, "hex"));
    const found = listXattrsAt(directory, name);
    return Object.fromEntries(found.map((xattr) => [xattr, getXattrAt(directory, name, xattr).toString("hex")]));
  } finally {
    closeSync(directory);
  }
}

/** Version 2, with CAP_NET_RAW alone: struct vfs_cap_data of linux/capability.h. */
const CAPABILITY = { "security.capability": "0100000200200000000000000000000000000000" };

test.each(both)(
  "%s, extended attributes of users are kept, and capabilities with the owners",
  async (_n, from, to, copy) => {
    // With line feeds, at which not every reader of archives knows how to go on.
    const own = { "user.one": "0a0a00ff0a", "user.two": "" };
    mkdirSync(at(from, "tree"));
    writeFileSync(at(from, "tree", "file"), "content", { mode: 0o444 });
    xattrs(at(from, "tree"), own);
    xattrs(at(from, "tree", "file"), { ...own, "user.overlay.opaque": "79" });
    if (isRoot) xattrs(at(from, "tree", "file"), CAPABILITY);
    await copy("tree", "copy");
    expect([xattrs(at(to, "copy")), xattrs(at(to, "copy", "file"))]).toEqual([own, own]);
    if (!isRoot) return;
    await copy("tree", "owned", { keepOwners: true });
    expect(xattrs(at(to, "owned", "file"))).toEqual({ ...own, ...CAPABILITY });
  },
);

test("a copy within the guest, and what GNU tar packs, keep extended attributes too", async () => {
  const own = { "user.one": "0a0a00ff0a" };
  writeFileSync(at("guest", "file"), "content", { mode: 0o444 });
  xattrs(at("guest", "file"), own);
  await client.files.cp(at("guest", "file"), at("guest", "copy"));
  expect(xattrs(at("guest", "copy"))).toEqual(own);
  const archive = execFileSync("tar", ["--xattrs", "-C", at("guest"), "-cf", "-", "file"]);
  await client.files.uploadTar(at("guest"), archive);
  expect(xattrs(at("guest", "file"))).toEqual(own);
});

test.each(both)(
  "%s, an extended attribute does not pass for what an archive says of a file",
  async (_n, from, to, copy) => {
    const value = Buffer.from("x\n19 path=../outside\n10 size=0\n10 uid=77\n19 path=tree/other\n");
    const own = { "user.one": value.toString("hex"), "user.a\n19 path": Buffer.from("tree/other").toString("hex") };
    mkdirSync(at(from, "tree"));
    writeFileSync(at(from, "tree", "file"), "content");
    xattrs(at(from, "tree", "file"), own);
    await copy("tree", "tree");
    expect(readdirSync(at(to, "tree"))).toEqual(["file"]);
    expect(readFileSync(at(to, "tree", "file"), "utf8")).toBe("content");
    expect(xattrs(at(to, "tree", "file"))).toEqual(own);
    await client.files.cp(at("guest", "tree"), at("guest", "again"), { recursive: true });
    expect(readdirSync(at("guest", "again"))).toEqual(["file"]);
    expect(xattrs(at("guest", "again", "file"))).toEqual(own);
  },
);

test.each(both)("%s, names are those of docker cp", async (_name, from, to, copy) => {
  mkdirSync(at(from, "dir"));
  writeFileSync(at(from, "dir", "a"), "a");
  mkdirSync(at(to, "there"));
  await copy("dir", "new");
  await copy("dir", "there");
  await copy("dir/.", "there");
  await copy("dir/a", "there/b");
  await copy("dir/a", "there/b");
  await copy("dir/a", "");
  expect(readdirSync(at(to)).toSorted()).toEqual(["a", "new", "there"]);
  expect(readdirSync(at(to, "there")).toSorted()).toEqual(["a", "b", "dir"]);
  await expect(copy("dir", "there/b")).rejects.toMatchObject({ code: "COPY_INVALID" });
  await expect(copy("dir/a", "missing/")).rejects.toMatchObject({ code: "COPY_INVALID" });
});

test.each(both)(
  "%s, files are replaced, directories merged, and neither replaces the other",
  async (_n, from, to, copy) => {
    mkdirSync(at(from, "d", "e"), { recursive: true });
    writeFileSync(at(from, "d", "file"), "new");
    mkdirSync(at(to, "d"));
    writeFileSync(at(to, "d", "file"), "old");
    writeFileSync(at(to, "d", "kept"), "old");
    await copy("d", "");
    expect(readdirSync(at(to, "d")).toSorted()).toEqual(["e", "file", "kept"]);
    expect(readFileSync(at(to, "d", "file"), "utf8")).toBe("new");
    rmSync(at(to, "d", "e"), { recursive: true });
    writeFileSync(at(to, "d", "e"), "in the way");
    await expect(copy("d", "")).rejects.toMatchObject({
      code: expect.stringMatching(/^(TARGET_OBSTRUCTED|FILE_NOT_DIRECTORY)$/),
    });
  },
);

test.each(both)("%s, a link is copied as a link, or followed when told to", async (_name, from, to, copy) => {
  writeFileSync(at(from, "file"), "content");
  symlinkSync("file", at(from, "link"));
  await copy("link", "as-link");
  await copy("link", "as-file", { followLink: true });
  expect(readlinkSync(at(to, "as-link"))).toBe("file");
  expect(readFileSync(at(to, "as-file"), "utf8")).toBe("content");
});

test.each(both)("%s, a link in the target is not written through", async (_name, from, to, copy) => {
  mkdirSync(at("outside"));
  writeFileSync(at("outside", "file"), "kept");
  mkdirSync(at(from, "d", "door"), { recursive: true });
  writeFileSync(at(from, "d", "door", "file"), "new");
  writeFileSync(at(from, "d", "file"), "new");
  mkdirSync(at(to, "d"));
  symlinkSync("../../outside/file", at(to, "d", "file"));
  symlinkSync("../../outside", at(to, "d", "door"));
  await expect(copy("d", "")).rejects.toMatchObject({
    code: expect.stringMatching(/^(TARGET_OBSTRUCTED|FILE_NOT_DIRECTORY)$/),
  });
  rmSync(at(to, "d", "door"));
  await copy("d", "");
  expect(readFileSync(at("outside", "file"), "utf8")).toBe("kept");
  expect(lstatSync(at(to, "d", "file")).isFile()).toBe(true);
});

test("what is missing says so, on either side", async () => {
  writeFileSync(at("host", "file"), "");
  writeFileSync(at("guest", "file"), "");
  await expect(into("none", "x")).rejects.toMatchObject({ code: "COPY_FAILED", details: { errno: "ENOENT" } });
  await expect(out("none", "x")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(into("file", "no/such")).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(out("file", "no/such")).rejects.toMatchObject({ code: "COPY_FAILED", details: { errno: "ENOENT" } });
});

test("what comes out has no setuid bit and no device or FIFO, and leaves nothing when it is too much", async () => {
  mkdirSync(at("guest", "d"));
  writeFileSync(at("guest", "d", "su"), "x".repeat(10_000));
  chmodSync(at("guest", "d", "su"), 0o4755);
  execFileSync("mkfifo", [at("guest", "d", "pipe")]);
  expect((await out("d", "d")).skipped).toEqual(["pipe"]);
  expect(statSync(at("host", "d", "su")).mode & 0o7777).toBe(0o755);
  await expect(out("d", "e", { limits: { maxFileBytes: 100 } })).rejects.toMatchObject({ code: "ARCHIVE_TOO_LARGE" });
  expect(readdirSync(at("host"))).toEqual(["d"]);
});

test.each(both)("%s, a copy ends with its signal and its deadline", async (_name, from, to, copy) => {
  writeFileSync(at(from, "file"), randomBytes(50_000_000));
  await expect(copy("file", "copy", { signal: AbortSignal.abort("why") })).rejects.toBe("why");
  await expect(copy("file", "copy", { timeoutMs: 1 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  if (to === "host") expect(existsSync(at(to, "copy"))).toBe(false);
});
