import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeCensus } from "@a3s/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BoxConfigInput, VmManager } from "../src/index.ts";
import { exampleBox } from "./example-box.ts";
import { text } from "./example-image.ts";

const MIB = 1024 * 1024;
const DISK_MIB = 1024;

/** One box with a disk for most of these. */
let home: string;
let before: Awaited<ReturnType<typeof takeCensus>>;
let vm: VmManager;
/** Beside it, one without a disk. */
let small: VmManager;
const box = (config: Partial<BoxConfigInput>) => exampleBox(home, config);
const sh = (script: string, within = vm) => within.exec(["sh", "-c", script]);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  before = await takeCensus(home);
  vm = box({ diskMib: DISK_MIB, volumes: [{ source: "kept", target: "/var/lib/kept" }] });
  await vm.boot();
  small = box({ stopGraceMs: 100, volumes: [{ source: "kept", target: "/read", readOnly: true }] });
  await small.boot();
});
afterAll(async () => {
  await small?.destroy();
  await vm?.destroy();
  await rm(home, { recursive: true, force: true });
});

/** The image, which has no name of the host's any more, as the VM process has it: in its own file tree. */
async function diskOnHost() {
  const children = await readFile(`/proc/${vm.pid}/task/${vm.pid}/children`, "utf8");
  const descriptors = `/proc/${children.trim()}/fd`;
  for (const name of await readdir(descriptors)) {
    const path = join(descriptors, name);
    if (!(await readlink(path)).startsWith("/disks/0")) continue;
    const { size, blocks, mode, nlink } = await stat(path);
    expect(nlink).toBe(0);
    return { size, bytes: blocks * 512, mode: mode & 0o777 };
  }
  throw new Error("The VM process has no disk open");
}

test("the disk's image is as large as asked for, its owner's alone, and takes little until it is written to", async () => {
  const { size, bytes, mode } = await diskOnHost();
  expect({ size, mode }).toEqual({ size: DISK_MIB * MIB, mode: 0o600 });
  expect(bytes).toBeLessThan(16 * MIB);
});

test("the disk's image has no name once the box is up, so that its room is free again also when the creator is killed", async () => {
  expect(await readdir(join(home, "boxes", vm.id))).toEqual(["creator.lock", "exit.json.tmp", "log.000001"]);
});

test("the root is the image's, with the size of the disk", async () => {
  const { stdout } = await sh("stat -c '%a %u' / ; cat /etc/motd; df -m / | tail -1 | awk '{ print $2 }'");
  const [attributes, motd, size] = text(stdout).trim().split("\n");
  expect([attributes, motd]).toEqual(["755 0", "from the second layer"]);
  expect(Number(size)).toBeGreaterThan(DISK_MIB * 0.9);
  expect((await sh("echo mine > /etc/motd && rm /bin/vi && mv /home /moved && test ! -e /bin/vi")).exitCode).toBe(0);
});

test("takes more than the box has memory, reads it back whole, and gives the room back to the host", async () => {
  const line = "0123456789abcde\n";
  const rounds = Array.from({ length: 33 }, (_, round) => `/piece${round % 3}`);
  const write = [
    `for each in 0 1 2; do yes "$each"${line.trim().slice(1)} | head -c ${8 * MIB} > /piece$each; done`,
    `cat ${rounds.join(" ")} > /big && sync && echo 3 > /proc/sys/vm/drop_caches`,
  ];
  expect((await sh(write.join(" && "))).exitCode).toBe(0);
  expect((await diskOnHost()).bytes).toBeGreaterThan(264 * MIB);

  const expected = createHash("md5");
  for (const piece of rounds) expected.update(`${piece.at(-1)}${line.slice(1)}`.repeat((8 * MIB) / line.length));
  expect(text((await sh("md5sum < /big")).stdout).slice(0, 32)).toBe(expected.digest("hex"));

  await sh("rm /big && sync");
  // The guest's kernel passes on what became free at its own pace.
  await expect.poll(async () => (await diskOnHost()).bytes, { timeout: 60_000 }).toBeLessThan(100 * MIB);
});

test("a named volume is made at its first use and keeps what one box wrote for the next", async () => {
  expect((await sh("stat -c '%a %u' /var/lib/kept && echo from the first > /var/lib/kept/note")).exitCode).toBe(0);
  expect(await readFile(join(home, "volumes/kept/data/note"), "utf8")).toBe("from the first\n");
  expect(text((await sh("cat /read/note; echo no > /read/x", small)).stdout)).toBe("from the first\n");
});

test("without a disk, the root takes no more than about half of the box's memory", async () => {
  const { stdout } = await sh("head -c 200m /dev/zero > /big || stat -c %s /big", small);
  expect(Number(text(stdout))).toBeGreaterThan(64 * MIB);
  expect(Number(text(stdout))).toBeLessThan(160 * MIB);
});

// Stays the last of this file: it ends the VMs that the others share.
test("a process that will not end is killed after the grace, and the guest still powers off by itself; its disk goes with the box, the named volume stays", async () => {
  const events = small
    .exec(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1000; done"])
    [Symbol.asyncIterator]();
  // Not for await: that would end the process when it is left.
  for (let type: string | undefined; type !== "stdout"; ) type = (await events.next()).value?.type;
  const stopped = new Promise((resolve) => small.events.on("box.stopped", ({ exit }) => resolve(exit)));
  await Promise.all([small.destroy(), vm.destroy()]);
  expect(await stopped).toMatchObject({ cause: "guest", code: 0 });
  expect(await readdir(join(home, "volumes/kept/data"))).toEqual(["note"]);
  expect(await readdir(join(home, "boxes"))).toEqual([]);
  expect(await takeCensus(home)).toEqual(before);
});
