import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LaunchOptions, type LibkrunFiles, launchVm, type VmSpec } from "../src/index.ts";
import { listenForGuest } from "./doorbell.ts";
import { executors } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

describe.each(executors)("$name", (executor) => {
  /** What a VM has beside the least, with the real vm-host and a libkrun that says what it was asked for. */
  let libraries: LibkrunFiles;
  let withoutNet: LibkrunFiles;
  let newer: LibkrunFiles;
  let built: string;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    libraries = await buildFakeLibkrun(built);
    withoutNet = await buildFakeLibkrun(built, ["WITHOUT_NET"]);
    newer = await buildFakeLibkrun(built, ["WITH_1_18"]);
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    await mkdir(join(directory, "root"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const launch = (more: Partial<VmSpec>, options: Partial<LaunchOptions> = {}) =>
    launchVm(
      { vcpus: 1, memoryMib: 128, root: { path: join(directory, "root") }, init: { path: "/exit/0" }, ...more },
      {
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
        libraries,
        ...executor.options,
        ...options,
      },
    );

  /** What libkrun was asked for, without what every VM asks for. */
  async function asked(more: Partial<VmSpec>, options: Partial<LaunchOptions> = {}): Promise<string> {
    await using vm = await launch(more, options);
    expect(await vm.exited).toMatchObject({ code: 0, cause: "guest" });
    return (await vm.evidence()).consoleTail;
  }

  /** The beginning of a qcow2 image of version 2, with or without a backing file. */
  async function qcow2(name: string, backing = 0n): Promise<string> {
    const header = Buffer.alloc(80);
    header.write("QFI\xfb", "latin1");
    header.writeUInt32BE(2, 4);
    header.writeBigUInt64BE(backing, 8);
    const path = join(directory, name);
    await writeFile(path, header);
    return path;
  }

  test("disks are opened in the jail, of the format, with the rights and the cache that they were given", async () => {
    const raw = join(directory, "raw");
    await writeFile(raw, "");
    const disks: VmSpec["disks"] = [
      { path: raw, readOnly: false, cache: "unsafe" },
      { path: await qcow2("q"), readOnly: true, format: "qcow2", cache: "none" },
    ];
    expect(await asked({ disks })).toContain("add_disk3 7 disk0 0 0 0 0 1\nadd_disk3 7 disk1 1 1 1 1 1\n");
  });

  test.each([
    ["names another file", () => qcow2("q", 104n), "backing file"],
    ["is none", async () => writeFile(join(directory, "n"), "text").then(() => join(directory, "n")), "no qcow2 image"],
  ])("a qcow2 image that %s is refused before anything starts", async (_, image, why) => {
    const disks: VmSpec["disks"] = [{ path: await image(), readOnly: false, format: "qcow2" }];
    await expect(launch({ disks })).rejects.toMatchObject({
      code: "VM_SPEC_INVALID",
      message: expect.stringMatching(new RegExp(`disks\\.0\\.path: .*${why}`)),
    });
  });

  const nic = (socketPath: string) =>
    ({ kind: "nic", cards: [{ mac: "02:00:00:00:00:01", peer: { socketPath } }] }) as const;

  test("network cards are joined to their sockets, with their addresses", async () => {
    await using first = await listenForGuest(join(directory, "first.sock"));
    await using second = await listenForGuest(join(directory, "second.sock"));
    const cards = [
      { mac: "02:00:00:00:00:0A", peer: { socketPath: first.path }, offload: true },
      { mac: "02:00:00:00:00:0B", peer: { socketPath: second.path } },
    ];
    expect(await asked({ network: { kind: "nic", cards } })).toContain(
      "add_net_unixstream 7 -1 02:00:00:00:00:0a 19587 0\nadd_net_unixstream 7 -1 02:00:00:00:00:0b 0 0\n",
    );
  });

  test("a network card that nobody is at the other end of fails the start", async () => {
    await expect(launch({ network: nic(join(directory, "nobody")) })).rejects.toMatchObject({
      code: "VM_START_FAILED",
      message: expect.stringContaining("nobody"),
    });
  });

  test("a program that does not run fails the start, with what it said, and so it does where none is started", async () => {
    const args = ["-c", "echo 'no such port' >&2; exit 3"];
    const peer = { program: "/bin/sh", args, address: "10.0.2.2", gateway: "10.0.2.1" };
    const network = { kind: "nic", cards: [{ mac: "02:00:00:00:00:01", peer }] } as const;
    const native = executor.runsProbeGuest;
    await expect(launch({ network })).rejects.toMatchObject({
      code: "VM_START_FAILED",
      message: expect.stringContaining(native ? "/bin/sh: it ended with exit status: 3: no such port" : "native"),
      details: { failure: { stage: "program" } },
    });
  });

  test("a libkrun that was built without NET says so, and only where a card is wanted", async () => {
    await using peer = await listenForGuest(join(directory, "net.sock"));
    await expect(launch({ network: nic(peer.path) }, { libraries: withoutNet })).rejects.toMatchObject({
      code: "LIBKRUN_FEATURE_MISSING",
      message: expect.stringContaining("krun_add_net_unixstream"),
      hint: expect.stringContaining("built with NET"),
    });
    expect(await asked({}, { libraries: withoutNet })).toContain("start_enter");
  });

  test("a read-only share is read-only in libkrun, too, where that can do it", async () => {
    const shares = [
      { tag: "lower", path: built, readOnly: true },
      { tag: "data", path: directory, readOnly: false },
    ];
    const [lower, data] = [0, 1];
    expect(await asked({ shares }, { libraries: newer })).toContain(
      `add_virtiofs3 7 lower /${lower} 1 1\nadd_virtiofs 7 data /${data}\n`,
    );
    expect(await asked({ shares })).toContain(`add_virtiofs 7 lower /${lower}\nadd_virtiofs 7 data /${data}\n`);
  });

  test("limits of the guest's program are handed on", async () => {
    const init = { path: "/exit/0", rlimits: { nofile: { soft: 20, hard: 30 } } };
    expect(await asked({ init })).toContain("set_rlimits 7 7=20:30\n");
  });

  test("nested virtualisation that libkrun does not offer fails the start", async () => {
    await expect(launch({ nestedVirtualization: true })).rejects.toMatchObject({
      code: "VM_START_FAILED",
      message: expect.stringContaining("krun_set_nested_virt"),
      details: { failure: { stage: "call", errno: 22 } },
    });
  });
});
