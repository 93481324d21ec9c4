import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { VmManager } from "../src/index.ts";
import { exampleBox } from "./example-box.ts";
import { text } from "./example-image.ts";

const MIB = 1024 * 1024;
/** An emulated host moves about 2 MiB a second, so only the long run moves 64. */
const LARGE = (process.env["A3S_SOAK"] === "1" ? 64 : 16) * MIB;
const SLOW = { timeout: 300_000 };
const patient = { timeoutMs: 60_000 };

/** One box for all of these. */
let scratch: string;
let vm: VmManager;
const at = (...names: string[]) => join(scratch, ...names);

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "a3s-files-"));
  for (const name of ["shared", "frozen"]) mkdirSync(at(name));
  writeFileSync(at("shared", "kept"), "of the host");
  writeFileSync(at("frozen", "kept"), "of the host");
  writeFileSync(at("app.conf"), "old");
  vm = exampleBox(at("home"), {
    memoryMib: 512,
    volumes: [
      { source: at("shared"), target: "/srv/data/shared" },
      { source: at("frozen"), target: "/frozen", readOnly: true },
      { source: at("app.conf"), target: "/etc/app.conf" },
    ],
    tmpfs: [{ target: "/small", sizeMib: 8 }],
  });
  await vm.boot();
});
afterAll(async () => {
  await vm?.destroy();
  await rm(scratch, { recursive: true, force: true });
});

const sh = async (script: string) => text((await vm.exec(["sh", "-c", script]).orThrow()).stdout);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function inventory(root: string) {
  return readdirSync(root, { recursive: true, encoding: "latin1" })
    .toSorted()
    .map((path) => {
      const file = Buffer.from(`${root}/${path}`, "latin1");
      const stat = lstatSync(file);
      const content = stat.isFile() ? sha256(readFileSync(file)) : undefined;
      const target = stat.isSymbolicLink() ? readlinkSync(file) : undefined;
      return [
        path,
        stat.mode,
        stat.isSymbolicLink() ? 0 : stat.mtimeMs,
        stat.isDirectory() ? 0 : stat.nlink,
        content,
        target,
      ];
    });
}

test("a file of the image is read, replaced and removed in the box", SLOW, async () => {
  expect(await vm.files.readFile("/etc/motd", { encoding: "utf8" })).toContain("from the second layer");
  await vm.files.writeFile("/etc/motd", "mine\n", patient);
  expect(await sh("cat /etc/motd; stat -c %a /etc/motd")).toBe("mine\n644\n");
  await vm.files.rm("/etc/motd", patient);
  expect(await vm.files.exists("/etc/motd")).toBe(false);
});

test("a tree with a large file goes in, is there as it was, and comes out as it was", SLOW, async () => {
  const tree = at("tree");
  mkdirSync(join(tree, "sub"), { recursive: true });
  writeFileSync(join(tree, "large"), randomBytes(LARGE));
  writeFileSync(join(tree, "script"), "#!/bin/sh\necho ran\n", { mode: 0o750 });
  linkSync(join(tree, "script"), join(tree, "sub", "hard"));
  symlinkSync("../script", join(tree, "sub", "soft"));
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/odd-`), Buffer.from([0xff])]), "odd");
  utimesSync(join(tree, "script"), 1, 1_000_000_000.25);
  chmodSync(join(tree, "sub"), 0o711);
  utimesSync(join(tree, "sub"), 5, 5);
  expect(await vm.copyIn(tree, "/srv/tree")).toEqual({ entries: 7 });
  const there = await sh(
    "cd /srv/tree; sha256sum large; sub/soft; stat -c '%a %h %u %Y' script; stat -c '%a %Y' sub; ls | wc -l",
  );
  expect(there).toBe(`${sha256(readFileSync(join(tree, "large")))}  large\nran\n750 2 0 1000000000\n711 5\n4\n`);
  await vm.copyOut("/srv/tree", at("back"));
  expect(inventory(at("back"))).toEqual(inventory(tree));
  await vm.files.rm("/srv/tree", { recursive: true, ...patient });
});

test("a full file system says so, and what could not be written is gone", SLOW, async () => {
  const written = vm.files.writeFile("/small/file", new Uint8Array(16 * MIB));
  await expect(written).rejects.toMatchObject({ code: "FILE_NO_SPACE", details: { errno: "ENOSPC" } });
  expect(await vm.files.readdir("/small")).toEqual([]);
  // Zeros would be holes.
  writeFileSync(at("sixteen"), new Uint8Array(16 * MIB).fill(1));
  await expect(vm.copyIn(at("sixteen"), "/small")).rejects.toMatchObject({ code: "FILE_NO_SPACE" });
});

test("volumes: read-only is read-only, a mounted file is written in place, and rm stops at a mount", SLOW, async () => {
  await expect(vm.files.writeFile("/frozen/kept", "x")).rejects.toMatchObject({ code: "FILE_READ_ONLY" });
  await expect(vm.files.rm("/frozen/kept")).rejects.toMatchObject({ code: "FILE_READ_ONLY" });
  const { ino } = statSync(at("app.conf"));
  await vm.files.writeFile("/etc/app.conf", "new");
  expect([readFileSync(at("app.conf"), "utf8"), statSync(at("app.conf")).ino]).toEqual(["new", ino]);
  await vm.files.writeFile("/srv/data/shared/made", "in the box");
  expect(readFileSync(at("shared", "made"), "utf8")).toBe("in the box");
  await expect(vm.files.rm("/srv/data", { recursive: true })).rejects.toMatchObject({ details: { errno: "EBUSY" } });
  expect(readdirSync(at("shared")).toSorted()).toEqual(["kept", "made"]);
});

test("a call made for a user has that user's rights", SLOW, async () => {
  const guest = { user: "guest" };
  await vm.files.writeFile("/root-only", "secret", { mode: 0o600 });
  await expect(vm.files.readFile("/root-only", guest)).rejects.toMatchObject({ code: "FILE_ACCESS_DENIED" });
  await expect(vm.files.writeFile("/etc/passwd", "x", guest)).rejects.toMatchObject({ code: "FILE_ACCESS_DENIED" });
  await vm.files.mkdir("/for-all", { mode: 0o777 });
  await vm.files.writeFile("/for-all/file", "x", guest);
  expect(await sh("stat -c '%U %a' /for-all/file; stat -c %a /for-all")).toBe("guest 644\n777\n");
  const tree = at("small-tree");
  mkdirSync(tree, { recursive: true });
  writeFileSync(join(tree, "file"), "x");
  await vm.copyIn(tree, "/for-all", guest);
  expect((await vm.files.stat("/for-all/small-tree/file")).uid).toBe(1000);
});

test("no path leads to the agent's own files", SLOW, async () => {
  await sh("ln -s /proc/1/exe /tmp/agent; ln -s /proc/1/fd/0 /tmp/fd; ln -s /proc/1/root/etc/passwd /tmp/around");
  for (const path of ["/tmp/agent", "/tmp/fd", "/tmp/around", "/proc/self/exe"]) {
    await expect(vm.files.readFile(path), path).rejects.toMatchObject({ details: { errno: "ELOOP" } });
  }
  await expect(vm.copyOut("/proc", at("proc"))).rejects.toMatchObject({ code: "FILE_UNSUPPORTED" });
  // Of /dev, links and directories come out, and neither devices nor what the kernel shows below it.
  const { skipped } = await vm.copyOut("/dev", at("dev"));
  expect(skipped.length).toBeGreaterThan(10);
  expect(readdirSync(at("dev")).filter((name) => ["null", "zero", "vsock", "vport0p0"].includes(name))).toEqual([]);
});

test("a transfer that is under way ends with the box", SLOW, async () => {
  const box = exampleBox(at("home"), { stopGraceMs: 5_000 });
  await box.boot();
  async function* endless() {
    for (;;) yield new Uint8Array(64 * 1024);
  }
  const written = box.files.writeFile("/tmp/endless", endless()).catch((error: { code: string }) => error.code);
  await box.files.stat("/");
  await box.destroy();
  expect(await written).toMatch(/^(AGENT_UNAVAILABLE|AGENT_CLOSED|FILE_NO_SPACE)$/);
});
