import { once } from "node:events";
import { access, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchVm } from "../src/index.ts";
import type { CreatorRequest } from "./creator.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";
import { buildIntruder, cgroupOf, type Intrusion, intrude, startCreator } from "./intruder.ts";

const NOBODY = 65534;
const BOOT_TIMEOUT_MS = 240_000;
/** Where the tests run as root, both kinds of users are tried. */
const isRoot = process.getuid?.() === 0;
const users: readonly { readonly who: string; readonly uid: number | undefined }[] = isRoot
  ? [
      { who: "root", uid: 0 },
      { who: "an ordinary user", uid: NOBODY },
    ]
  : [{ who: "this user", uid: undefined }];
const limits = { memoryMib: 400, cpus: 1.5, threads: 64 };

let directory: string;
let program: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-intruder-"));
  program = await buildIntruder(directory);
}, BOOT_TIMEOUT_MS);
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Attempts whose names begin so, with what came of them. */
function attempts({ said }: Intrusion, kind: string): Readonly<Record<string, string>> {
  const found = [...said].filter(([name]) => name.startsWith(`${kind} `));
  return Object.fromEntries(found.map(([name, result]) => [name.slice(kind.length + 1), result]));
}

/** A TCP port of the loopback that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

describe.each(users)("a VM of $who", ({ uid }) => {
  let seen: Intrusion;
  beforeAll(async () => {
    seen = await intrude(program, { uid, spec: uid === 0 ? { limits } : {} });
  }, BOOT_TIMEOUT_MS);

  test("can do with a writable share what programs do with files", () => {
    const results = attempts(seen, "file");
    expect(Object.keys(results).length).toBeGreaterThan(35);
    expect(Object.entries(results).filter(([, result]) => result !== "ok")).toEqual([]);
    // Other owners are for root to give; libkrun says EINVAL where they are not mapped.
    expect(attempts(seen, "user")).toEqual(
      uid === 0 ? { owner: "ok", create: "ok" } : { owner: "EINVAL", create: "EINVAL" },
    );
  });

  test("cannot write to what is shared read-only, as root in the guest, whatever it tries", () => {
    const { read, remount, ...rest } = attempts(seen, "read-only");
    expect([read, remount]).toEqual(["ok", "ok"]);
    expect(Object.keys(rest).length).toBeGreaterThan(8);
    expect([...new Set(Object.values(rest))]).toEqual(["EROFS"]);
    expect(attempts(seen, "disk")["write"]).not.toBe("ok");
    expect(seen.untouched).toEqual({
      secret: "of the host",
      existing: "of the host",
      ro: "absolute existing",
      within: "",
      disk: "",
    });
  });

  test("reaches no file of the host through links and dots in a share, and makes no device", () => {
    const { "device node": device, ...paths } = attempts(seen, "host");
    expect(Object.keys(paths)).toHaveLength(7);
    for (const [path, result] of Object.entries(paths))
      expect([path, result]).toEqual([path, expect.stringMatching(/^ENO/)]);
    expect(device).toBe("EPERM");
  });

  test("reaches neither the host's loopback nor its addresses", () => {
    expect(attempts(seen, "network")).toEqual({ loopback: "ECONNREFUSED", address: "ENETUNREACH" });
    expect(seen.connections).toBe(0);
  });

  test("reaches the vsock port that was granted, and no other", () => {
    const { granted, ...others } = attempts(seen, "vsock");
    expect(granted).toBe("ok");
    expect(Object.values(others)).toEqual(["ETIMEDOUT", "ETIMEDOUT", "ETIMEDOUT", "ETIMEDOUT"]);
  });

  test("has the limits of its specification, in a cgroup that goes with it", async () => {
    const limited = seen.jail.includes("cgroup");
    expect(limited).toBe(uid === 0);
    if (!limited) return;
    expect(seen.limits).toEqual([String(400 * 2 ** 20), "150000 100000", "64"]);
    expect(seen.cgroup).toMatch(/\/a3s-vm-\d+$/);
    await expect(access(seen.cgroup)).rejects.toThrow("ENOENT");
  });

  test("has a VM process with every measure in force, and nothing of the host in its tree but what it was given", () => {
    expect(seen.jail.filter((measure) => measure !== "cgroup")).toHaveLength(10);
    expect(seen.tree).toEqual({
      "/": ["dev", "disks", "proc", "root", "shares", "sockets"],
      "/dev": ["kvm"],
      "/proc": ["self"],
      "/proc/self": ["fd"],
      "/shares": ["0", "1", "2", "3"],
      "/sockets": ["0", "1"],
    });
    const status = ["CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"].map((name) =>
      seen.status.get(name),
    );
    expect(status).toEqual([...Array(3).fill("00000000800000db"), "0000000000000000", "1", "2"]);
  });
});

test(
  "a guest whose sockets are the host's reaches it, and is reached where a port is published",
  async () => {
    const [hostPort, ownPort] = [await freePort(), 8080];
    let answer = "";
    const seen = await intrude(program, {
      uid: undefined,
      ownPort,
      spec: { network: { kind: "tsi", publish: [{ hostPort, guestPort: ownPort }] } },
      reach: async () => {
        answer = await text(connect(hostPort, "127.0.0.1"));
      },
    });
    expect(attempts(seen, "network")).toMatchObject({ loopback: "ok", bind: "ok", listen: "ok" });
    expect(seen.connections).toBeGreaterThan(0);
    expect(answer).toBe("hello");
    expect(seen.jail).not.toContain("network-namespace");
  },
  BOOT_TIMEOUT_MS,
);

test(
  // docs/security.md, "What does not hold yet": libkrun 1.17 does not refuse a port that is not in its map.
  "a guest whose sockets are the host's is reached at a port that is not published, too, under the guest's own number",
  async () => {
    const ownPort = await freePort();
    let answer = "";
    const seen = await intrude(program, {
      uid: undefined,
      ownPort,
      spec: { network: { kind: "tsi", publish: [] } },
      reach: async () => {
        answer = await text(connect(ownPort, "127.0.0.1"));
      },
    });
    expect(attempts(seen, "network")).toMatchObject({ bind: "ok", listen: "ok" });
    expect(answer).toBe("hello");
  },
  BOOT_TIMEOUT_MS,
);

// These need a cgroup of this user's, which root has; the VM itself does not matter.
describe.runIf(isRoot)("a limited VM", () => {
  const launchLimited = async (program: string) =>
    await launchVm(
      { vcpus: 1, memoryMib: 128, root: { path: directory }, init: { path: program }, limits: { memoryMib: 192 } },
      {
        libraries: await buildFakeLibkrun(directory),
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
      },
    );

  test("that takes more memory than its limit is ended, and that is said", async () => {
    await using vm = await launchLimited("/eat");
    expect(await vm.exited).toMatchObject({ cause: "signal", signal: "SIGKILL" });
    expect((await vm.evidence()).stderrTail).toMatch(/the VM took more memory than its limit/);
  });

  test("whose monitor is killed leaves a cgroup, which the next one removes", async () => {
    await using vm = await launchLimited("/run");
    const cgroup = await cgroupOf(vm.vmPid);
    process.kill(vm.identity.pid, "SIGKILL");
    await vm.exited;
    await access(cgroup);
    await using _next = await launchLimited("/run");
    await expect(access(cgroup)).rejects.toThrow("ENOENT");
  });
});

// Who is not root cannot become somebody who certainly has no cgroup to make children of.
test.runIf(isRoot)("limits that cannot be applied fail the start", async () => {
  const request: CreatorRequest = {
    spec: { vcpus: 1, memoryMib: 256, root: { path: directory }, init: { path: "/intruder" }, limits },
    options: { log: { path: "/dev/shm/a3s-limits.log" }, exitPath: "/dev/shm/a3s-limits.json" },
  };
  const creator = startCreator(request, NOBODY);
  const [said, [code]] = await Promise.all([text(creator.stderr), once(creator, "close")]);
  expect(code).not.toBe(0);
  expect(said).toMatch(/The VM did not start: cgroup: Permission denied/);
});
