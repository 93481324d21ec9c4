import { execFile, execFileSync } from "node:child_process";
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createDisk } from "./create-disk.ts";

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-disk-"));
  path = join(directory, "disk.ext4");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const examine = (program: string, ...options: string[]) =>
  promisify(execFile)(program, [...options, path], { env: { PATH: "/usr/sbin:/sbin:/usr/bin:/bin" } });

test.each([16, 1024, 1024 * 1024])(
  "%d MiB are a sound, empty ext4 file system that takes next to no space",
  async (sizeMib) => {
    await createDisk({ path, sizeMib });
    const found = await stat(path);
    expect(found.size).toBe(sizeMib * 1024 * 1024);
    expect(found.mode & 0o777).toBe(0o600);
    expect(found.blocks * 512).toBeLessThan(1024 * 1024 + found.size / 50_000);
    expect((await examine("e2fsck", "-f", "-n")).stdout).toContain("11/");
    expect((await examine("dumpe2fs", "-h")).stdout).toMatch(/has_journal.*extent.*metadata_csum/);
  },
);

test("a machine's own defaults for ext4 do not count, nor does a PATH without sbin", async () => {
  const config = join(directory, "mke2fs.conf");
  await writeFile(config, "[defaults]\n base_features = bigalloc,encrypt\n blocksize = 1024\n");
  vi.stubEnv("MKE2FS_CONFIG", config);
  vi.stubEnv("PATH", "/nowhere");
  await createDisk({ path, sizeMib: 16 });
  expect((await examine("dumpe2fs", "-h")).stdout).not.toMatch(/bigalloc|encrypt/);
});

test("DISK_FAILED: an image that is there is left alone", async () => {
  await writeFile(path, "precious");
  await expect(createDisk({ path, sizeMib: 16 })).rejects.toMatchObject({
    code: "DISK_FAILED",
    hint: expect.any(String),
  });
  expect((await stat(path)).size).toBe(8);
});

test.each([
  ["of no size", 0, "mke2fs failed: "],
  ["larger than a file can be", 2 ** 43, "it cannot be made that large"],
])("DISK_FAILED and nothing left: %s", async (_, sizeMib, what) => {
  await expect(createDisk({ path, sizeMib })).rejects.toMatchObject({
    code: "DISK_FAILED",
    message: expect.stringContaining(what),
    details: { path },
  });
  expect(await readdir(directory)).toEqual([]);
});

test("DISK_TOOL_MISSING and nothing left: without mke2fs", async () => {
  await expect(createDisk({ path, sizeMib: 16, mke2fs: "/nowhere/mke2fs" })).rejects.toMatchObject({
    code: "DISK_TOOL_MISSING",
    hint: expect.stringContaining("e2fsprogs"),
  });
  expect(await readdir(directory)).toEqual([]);
});

test("an abort ends mke2fs before it rejects, also one that does not listen", async () => {
  const program = join(directory, "mke2fs");
  const started = join(directory, "started");
  execFileSync("mkfifo", [started]);
  await writeFile(program, `#!/bin/sh\ntrap '' TERM\necho $$ > ${started}\nexec sleep 1000\n`, { mode: 0o755 });
  const caller = new AbortController();
  const making = createDisk({ path, sizeMib: 16, mke2fs: program, signal: caller.signal });
  const pid = Number(await readFile(started, "utf8"));
  const reason = new Error("the user left");
  caller.abort(reason);
  await expect(making).rejects.toBe(reason);
  expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: "ESRCH" }));
  await expect(access(path)).rejects.toMatchObject({ code: "ENOENT" });
});

test("an abort rejects with its reason and leaves nothing", async () => {
  const caller = new AbortController();
  const making = createDisk({ path, sizeMib: 1024 * 1024, signal: caller.signal });
  const reason = new Error("the user left");
  caller.abort(reason);
  await expect(making).rejects.toBe(reason);
  await expect(access(path)).rejects.toMatchObject({ code: "ENOENT" });
});
