import { once } from "node:events";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Box } from "../src/index.ts";
import { exampleConfig } from "./example-box.ts";
import { text } from "./example-image.ts";
import { runtimeForEach } from "./test-home.ts";

const at = runtimeForEach();

interface Said {
  readonly code: number | null;
  readonly out: string;
}

async function sh(box: Box, script: string): Promise<Said> {
  const { exitCode, stdout } = await box.exec(["sh", "-c", script]);
  return { code: exitCode, out: text(stdout) };
}

/** The address that a box finds a name under. Not by getaddrinfo(3), which the image's static busybox does not survive. */
const find = async (box: Box, name: string) =>
  (await sh(box, `nslookup ${name} | sed -n '/^Name/,$s/^Address: //p'`)).out.trim();

/** What a box gets from port 80 of another. */
const fetchFrom = (box: Box, address: string) =>
  sh(box, `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 20 ${address} 80 | tail -n 1`);

const reaches = async (box: Box, address: string) => (await sh(box, `nc -w 2 ${address} 80 < /dev/null`)).code === 0;

const switchPid = async (network: string): Promise<number> =>
  JSON.parse(await readFile(join(at.home, "networks", network, "switch.json"), "utf8")).pid;

/** The kernel tells a reader of the end of the last writer, unless there was none when it came. */
async function switchEnd(network: string): Promise<void> {
  const path = join(at.home, "networks", network, "switch.json.alive");
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (!hasWriter(fd)) return closeSync(fd);
  const reader = new Socket({ fd, writable: false });
  await once(reader.resume(), "end");
  reader.destroy();
}

/** pipe(7): a read without data is at the end when there is no writer, and EAGAIN when there is one. */
function hasWriter(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch {
    return true;
  }
}

/** Until a supervisor has told that they are on their network no more. */
function bothOffline(...boxes: readonly Box[]): Promise<void> {
  const missing = new Set(boxes.map(({ id }) => id));
  return new Promise((resolve) => {
    const listening = at.runtime.events.on("box.offline", ({ id }) => {
      missing.delete(id);
      if (missing.size > 0) return;
      listening[Symbol.dispose]();
      resolve();
    });
  });
}

async function socketsOf(): Promise<readonly string[]> {
  const names = await readdir(join(at.home, "run/net"), { recursive: true });
  return names.filter((name) => name.endsWith(".sock"));
}

test("boxes of a network reach each other by address and name, and nobody else; it goes with its last box, and comes again after a fault", async () => {
  const { boxes, networks } = at.runtime;
  await networks.create("apps");
  await networks.create("others");
  const on = (network: string) => exampleConfig({ network, command: ["sleep", "1000"], stopGraceMs: 0 });
  const [db, web, stranger] = await Promise.all([
    boxes.run(on("apps"), { name: "db" }),
    boxes.run(on("apps"), { name: "web" }),
    boxes.run(on("others"), { name: "stranger" }),
  ]);
  const { members } = await networks.get("apps");
  const addressOf = (name: string) => members.find((member) => member.name === name)?.address ?? "";
  expect(members.map(({ address }) => address)).toEqual(["10.163.0.2", "10.163.0.3"]);
  // It listens before it leaves its parent.
  await sh(db, "mkdir /www; echo from db > /www/index.html; httpd -h /www");

  expect(text((await web.exec(["cat", "/etc/resolv.conf"])).stdout)).toContain("nameserver 10.163.0.1\n");
  expect(await fetchFrom(web, addressOf("db"))).toEqual({ code: 0, out: "from db\n" });
  for (const name of ["db", "DB", db.id]) expect(await find(web, name)).toBe(addressOf("db"));
  await db.rename("store");
  expect(await Promise.all(["store", "db"].map((name) => find(web, name)))).toEqual([addressOf("db"), ""]);
  // Neither boxes of another network, nor the host, nor anybody else.
  expect([await find(stranger, "store"), await reaches(stranger, addressOf("db"))]).toEqual(["", false]);
  expect([await sh(web, "ip route | wc -l"), await reaches(web, "192.0.2.1")]).toEqual([
    { code: 0, out: "1\n" },
    false,
  ]);
  expect((await networks.get("apps")).members.find((member) => member.box === db.id)).toMatchObject({
    name: "store",
    traffic: { sentBytes: expect.any(Number), lostFrames: 0 },
  });
  await expect(networks.remove("apps")).rejects.toMatchObject({ code: "NETWORK_IN_USE" });

  const supervisor = await at.runtime.supervise();
  const offline = bothOffline(db, web);
  const pid = await switchPid("apps");
  process.kill(pid, "SIGKILL");
  await switchEnd("apps");
  await offline;
  await supervisor[Symbol.asyncDispose]();
  const offlineOf = async () => (await networks.get("apps")).members.map((member) => member.offline);
  expect(await offlineOf()).toEqual([true, true]);
  expect(await reaches(web, addressOf("db"))).toBe(false);
  expect([web.state, await sh(db, "echo alive")]).toEqual(["running", { code: 0, out: "alive\n" }]);
  await Promise.all([db, stranger].map((box) => box.kill()));
  await switchEnd("others");
  await web.restart();
  expect(await switchPid("apps")).not.toBe(pid);
  expect(await offlineOf()).toEqual([undefined, undefined]);
  expect(await find(web, "web")).toBe(addressOf("web"));

  await web.kill();
  await switchEnd("apps");
  expect(await socketsOf()).toEqual([]);
  for (const { id } of await boxes.list()) await boxes.remove(id);
  expect(await networks.prune()).toEqual(["apps", "others"]);
});
