import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_MEMORY_MIB } from "@a3s/core";
import { takeCensus } from "@a3s/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VmManager } from "../src/index.ts";
import { exampleBox } from "./example-box.ts";
import { text } from "./example-image.ts";

/** One VM for all of these; each test leaves it as it found it. */
let home: string;
let shared: string;
let frozen: string;
let many: string;
/** With the seven others, as many volumes as a box can have. */
const MORE = Array.from({ length: 25 }, (_, number) => `more-${number}`);
let vm: VmManager;
let before: Awaited<ReturnType<typeof takeCensus>>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  shared = await mkdtemp(join(tmpdir(), "a3s-shared-"));
  frozen = await mkdtemp(join(tmpdir(), "a3s-frozen-"));
  for (const directory of [shared, frozen]) await writeFile(join(directory, "from-host"), "hello guest\n");
  many = await mkdtemp(join(tmpdir(), "a3s-many-"));
  for (const name of ["writable: a", "frozen"]) await writeFile(join(many, name), "from host\n");
  for (const name of MORE) await mkdir(join(many, name));
  await symlink(shared, join(many, "link"));
  before = await takeCensus(home);
  vm = exampleBox(home, {
    memoryMib: DEFAULT_MEMORY_MIB,
    hostname: "kept",
    volumes: [
      { source: shared, target: "/mnt/shared" },
      { source: frozen, target: "/mnt/frozen", readOnly: true },
      { source: shared, target: "/mnt/with: colon, and space/again" },
      { source: join(many, "link"), target: "/mnt/shared-to-read", readOnly: true },
      { source: join(many, "writable: a"), target: "/srv/new/writable" },
      { source: join(many, "frozen"), target: "/etc/frozen", readOnly: true },
      { source: frozen, target: "/mnt/shared/inner" },
      ...MORE.map((name) => ({ source: join(many, name), target: `/mnt/more/${name}` })),
    ],
    tmpfs: [
      { target: "/mnt/small/inner", mode: 0o700 },
      { target: "/mnt/small", sizeMib: 8 },
    ],
  });
  await Promise.all([vm.boot(), vm.boot()]);
});

afterAll(async () => {
  await vm?.destroy();
  for (const directory of [shared, frozen, many]) await rm(directory, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
});

const sh = (script: string) => vm.exec(["sh", "-c", script]);

describe("a booted box", () => {
  test("is ready, healthy and says where the time went", async () => {
    expect(vm.state).toBe("ready");
    expect(await vm.healthCheck()).toBe(true);
    expect(vm.jail).toEqual(expect.arrayContaining(["network-namespace", "private-tree", "system-call-filter"]));
    expect(vm.timings?.stages.map((stage) => stage.name)).toEqual(
      expect.arrayContaining(["image", "rootfs", "spawn", "health"]),
    );
  });

  test("runs the kernel of libkrunfw, not the host's", async () => {
    const { stdout, exitCode } = await vm.exec(["uname", "-sr"]);
    expect(text(stdout)).toBe("Linux 6.12.68\n");
    expect(exitCode).toBe(0);
    expect((await vm.info()).kernelRelease).toBe("6.12.68");
  });

  test("has the image's layers: the second replaced and removed files of the first", async () => {
    expect(text((await sh("cat /etc/motd; ls /etc/removed 2>&1")).stdout)).toContain("from the second layer\n");
    expect((await sh("test -e /etc/removed")).exitCode).toBe(1);
  });

  test("gives processes the image's environment and directory, and nothing of the host's or the agent's", async () => {
    const { stdout } = await vm.exec(["sh", "-c", "pwd; env | sort"]);
    expect(text(stdout).split("\n")).toEqual([
      "/home",
      "GREETING=hello",
      "PATH=/bin:/usr/bin",
      "PWD=/home",
      "SHLVL=1",
      "",
    ]);
  });

  test("gives a process the environment, directory and user that the caller asks for", async () => {
    const { stdout } = await vm.exec(["sh", "-c", "id; pwd; echo $GREETING $MORE"], {
      env: { MORE: "a b\n=ü" },
      cwd: "/tmp",
      user: "guest:staff",
    });
    expect(text(stdout)).toMatch(/^uid=1000\(guest\) gid=50\(staff\).*\n\/tmp\nhello a b =ü\n$/);
  });

  test("keeps stdout and stderr apart and exact, and a non-zero exit is data", async () => {
    const result = await sh("printf '\\377\\000x'; printf err >&2; exit 37");
    expect([...result.stdout]).toEqual([0xff, 0, 0x78]);
    expect(text(result.stderr)).toBe("err");
    expect(result).toMatchObject({ exitCode: 37, truncated: false });
  });

  test("reports a process that a signal ended as 128 + N and names the signal", async () => {
    expect(await sh("kill -TERM $$")).toMatchObject({ exitCode: 143 });
  });

  test.each([
    ["COMMAND_NOT_FOUND", ["no-such-command"], 127],
    ["COMMAND_NOT_FOUND", ["/no/such/file"], 127],
    ["COMMAND_NOT_EXECUTABLE", ["/etc/motd"], 126],
    ["COMMAND_NOT_EXECUTABLE", ["/bin/not-a-program"], 126],
  ])("%s for %j, with the exit code a shell has for it", async (code, argv, exitCode) => {
    await expect(vm.exec(argv)).rejects.toMatchObject({ code, details: { exitCode }, hint: expect.any(String) });
  });

  test("passes stdin through, 1 MiB of it, to the end", async () => {
    const input = new Uint8Array(1024 * 1024).map((_, index) => index * 7);
    const { stdout, exitCode } = await vm.exec(["cat"], { stdin: input });
    expect(exitCode).toBe(0);
    expect(Buffer.compare(stdout, input)).toBe(0);
  });

  test("moves 16 MiB out without loss", async () => {
    const bytes = 16 * 1024 * 1024;
    let received = 0;
    for await (const event of vm.exec(["head", "-c", String(bytes), "/dev/zero"])) {
      if (event.type === "stdout") received += event.data.byteLength;
    }
    expect(received).toBe(bytes);
  });

  test("runs processes beside each other, each with its own output", async () => {
    const results = await Promise.all(Array.from({ length: 8 }, (_, index) => sh(`echo ${index}; exit ${index}`)));
    expect(results.map((result) => [text(result.stdout), result.exitCode])).toEqual(
      Array.from({ length: 8 }, (_, index) => [`${index}\n`, index]),
    );
  });

  test("ends the whole process tree when the caller aborts", async () => {
    const caller = new AbortController();
    const running = vm.exec(["sh", "-c", "sleep 1000 & sleep 1000 & echo up; wait"], { signal: caller.signal });
    await expect(
      (async () => {
        for await (const event of running) if (event.type === "stdout") caller.abort(new Error("enough"));
      })(),
    ).rejects.toThrow("enough");
    // The agent kills the group when the call ends; the group is gone once a later exec finds no sleep.
    expect(text((await sh("while pidof sleep; do usleep 20000; done >/dev/null; echo gone")).stdout)).toBe("gone\n");
  });

  test("can write to its root, which leaves the image as it was", async () => {
    expect((await sh("echo mine > /etc/motd && rm /bin/vi && touch /new")).exitCode).toBe(0);
    const [entry = ""] = (await readdir(join(home, "rootfs"))).filter((name) => name.startsWith("sha256"));
    const names = await readdir(join(home, "rootfs", entry), { recursive: true });
    expect(names.some((name) => name.endsWith("/bin/vi"))).toBe(true);
    expect(names.some((name) => name.endsWith("/new"))).toBe(false);
  });

  test("shares a volume both ways, and a read-only one only to be read", async () => {
    expect(text((await sh("cat /mnt/shared/from-host /mnt/frozen/from-host")).stdout)).toBe(
      "hello guest\nhello guest\n",
    );
    expect((await sh("echo hello host > /mnt/shared/from-guest")).exitCode).toBe(0);
    expect(await readFile(join(shared, "from-guest"), "utf8")).toBe("hello host\n");
    const refused = await sh("echo no > /mnt/frozen/x");
    expect(text(refused.stderr)).toContain("Read-only file system");
    expect(await readdir(frozen)).toEqual(["from-host"]);
  });

  test("sees a directory that is shared twice in both places, whatever their names hold", async () => {
    await sh("echo twice > '/mnt/with: colon, and space/again/twice'");
    expect(text((await sh("cat /mnt/shared/twice; rm /mnt/shared/twice")).stdout)).toBe("twice\n");
  });

  test("sees one directory read-only here and writable there, also through a link of the host's", async () => {
    await sh("echo seen > /mnt/shared/seen");
    const refused = await sh("cat /mnt/shared-to-read/seen; rm /mnt/shared/seen; echo no > /mnt/shared-to-read/x");
    expect(text(refused.stdout)).toBe("seen\n");
    expect(text(refused.stderr)).toContain("Read-only file system");
    expect((await sh("echo yes > /mnt/shared/inner/x && rm /mnt/shared/inner/x")).exitCode).toBe(0);
  });

  test("has a single file of the host, writable or not, and nothing from beside it", async () => {
    expect(text((await sh("cat /srv/new/writable /etc/frozen")).stdout)).toBe("from host\nfrom host\n");
    await sh("echo from guest >> /srv/new/writable");
    expect(await readFile(join(many, "writable: a"), "utf8")).toBe("from host\nfrom guest\n");
    const refused = await sh("echo no >> /etc/frozen; ls -A /srv/new");
    expect(text(refused.stderr)).toContain("Read-only file system");
    expect(text(refused.stdout)).toBe("writable\n");
  });

  test("has 32 volumes, each with the files of its own directory and a device number of its own", async () => {
    const { stdout } = await sh("for each in /mnt/more/*; do echo $each > $each/name; stat -c %d $each; done");
    expect(new Set(text(stdout).trim().split("\n")).size).toBe(MORE.length);
    for (const name of MORE) {
      expect(await readFile(join(many, name, "name"), "utf8")).toBe(`/mnt/more/${name}\n`);
    }
  });

  test("has memory file systems of the size and mode asked for, the inner one within the outer one", async () => {
    const { stdout } = await sh("stat -c %a /mnt/small /mnt/small/inner; grep -c ' /mnt/small' /proc/mounts");
    expect(text(stdout)).toBe("1777\n700\n2\n");
    const full = await sh("head -c 20m /dev/zero > /mnt/small/zero || stat -c %s /mnt/small/zero; rm /mnt/small/zero");
    expect(text(full.stdout)).toBe(`${8 * 1024 * 1024}\n`);
  });

  test("has its host name, and a hosts file that knows it", async () => {
    expect(text((await sh("hostname; cat /etc/hostname; grep -c kept /etc/hosts")).stdout)).toBe("kept\nkept\n1\n");
  });

  test("has an /etc as the image has it, in which its own files are in the place of whatever the image has there", async () => {
    const script =
      "stat -c '%a %u %g %F' /etc; stat -c '%a %s %F' /etc/resolv.conf; grep -c builder /etc/hosts; ls /etc";
    expect(text((await sh(script)).stdout).split("\n")).toEqual([
      "2775 0 0 directory",
      "644 0 regular empty file",
      "0",
      ...["frozen", "group", "hostname", "hosts", "motd", "passwd", "resolv.conf", ""],
    ]);
  });

  test("has a clock that agrees with the host's", async () => {
    const { stdout } = await vm.exec(["date", "+%s"]);
    expect(Math.abs(Number(text(stdout)) - Date.now() / 1000)).toBeLessThan(30);
  });

  test("has no network beyond its own loopback", async () => {
    expect(text((await sh("ls /sys/class/net")).stdout)).toBe("lo\n");
    expect((await sh("nc -w 2 127.0.0.1 22 < /dev/null")).exitCode).not.toBe(0);
  });

  test("has the file systems that programs expect", async () => {
    const script =
      "mount | cut -d' ' -f3,5 | sort; test -c /dev/null && test -c /dev/ptmx && test -d /proc/self && echo ok";
    const mounts = text((await sh(script)).stdout).split("\n");
    expect(mounts).toEqual(expect.arrayContaining(["/ overlay", "/proc proc", "/sys sysfs", "/dev/pts devpts", "ok"]));
  });

  test("reaps processes whose parent is gone", async () => {
    await sh("(sh -c 'true & true & true &' &) ; true");
    expect(text((await sh("ps -o stat | grep -c Z; true")).stdout)).toBe("0\n");
  });

  test("runs the image's own command when none is given", async () => {
    expect(await vm.run({ stdin: "exit 5" })).toMatchObject({ exitCode: 5 });
    expect(text((await vm.run({ command: ["echo", "given"] })).stdout)).toBe("given\n");
  });

  test("is busy while sessions are processed", async () => {
    const states: string[] = [];
    using _listener = vm.events.on("box.state", ({ to }) => states.push(to));
    const [first, second] = [vm.beginSession(), vm.beginSession()];
    await vm.compact(async () => expect(vm.state).toBe("compacting"));
    first[Symbol.dispose]();
    expect(vm.state).toBe("busy");
    second[Symbol.dispose]();
    second[Symbol.dispose]();
    expect(states).toEqual(["busy", "compacting", "busy", "ready"]);
  });

  test("boots once", async () => {
    await expect(vm.boot()).rejects.toMatchObject({ code: "STATE_INVALID" });
  });

  // Stays the last of this file: it ends the VM that the others share.
  test("leaves nothing behind when it is destroyed, twice at once", async () => {
    await Promise.all([vm.destroy(), vm.destroy()]);
    expect(vm.state).toBe("stopped");
    expect(await takeCensus(home)).toEqual(before);
    await expect((async () => vm.exec(["true"]))()).rejects.toMatchObject({ code: "STATE_INVALID" });
    expect(await vm.healthCheck()).toBe(false);
  });
});
