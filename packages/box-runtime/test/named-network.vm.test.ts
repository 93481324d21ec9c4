import { once } from "node:events";
import { constants, openSync } from "node:fs";
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

/** What a box gets from another's port 80. */
const fetchFrom = (box: Box, host: string) => sh(box, `wget -T 20 -q -O - http://${host}/`);

/** Whether it gets there at all. */
const reaches = async (box: Box, host: string) => (await sh(box, `wget -T 2 -q -O - http://${host}/`)).code === 0;

const switchPid = async (network: string): Promise<number> =>
  JSON.parse(await readFile(join(at.home, "networks", network, "switch.json"), "utf8")).pid;

/** The kernel tells of a switch's end, at once if it is over. */
async function switchEnd(network: string): Promise<void> {
  const path = join(at.home, "networks", network, "switch.json.alive");
  const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
  await once(reader.resume(), "end");
  reader.destroy();
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
  for (const host of [addressOf("db"), "db", db.id]) {
    expect({ host, ...(await fetchFrom(web, host)) }).toEqual({ host, code: 0, out: "from db\n" });
  }
  expect(await sh(web, "ping -c 1 -W 5 10.163.0.1 >/dev/null")).toEqual({ code: 0, out: "" });
  await db.rename("store");
  expect(await fetchFrom(web, "store")).toEqual({ code: 0, out: "from db\n" });
  for (const host of [addressOf("db"), "store"]) expect(await reaches(stranger, host)).toBe(false);
  // Neither the host nor anybody else.
  expect(await sh(web, "ip route | wc -l")).toEqual({ code: 0, out: "1\n" });
  expect(await reaches(web, "192.0.2.1")).toBe(false);
  expect((await networks.get("apps")).members[0]).toMatchObject({
    name: "store",
    traffic: { sentBytes: expect.any(Number), lostFrames: 0 },
  });
  await expect(networks.remove("apps")).rejects.toMatchObject({ code: "NETWORK_IN_USE" });

  const pid = await switchPid("apps");
  process.kill(pid, "SIGKILL");
  await switchEnd("apps");
  expect(await reaches(web, addressOf("db"))).toBe(false);
  expect([web.state, await sh(db, "echo alive")]).toEqual(["running", { code: 0, out: "alive\n" }]);
  await web.restart();
  expect(await switchPid("apps")).not.toBe(pid);
  expect(await sh(web, "nslookup web")).toMatchObject({ code: 0, out: expect.stringContaining(addressOf("web")) });

  await Promise.all([db, web, stranger].map((box) => box.kill()));
  for (const network of ["apps", "others"]) await switchEnd(network);
  expect(await socketsOf()).toEqual([]);
  for (const { id } of await boxes.list()) await boxes.remove(id);
  expect(await networks.prune()).toEqual(["apps", "others"]);
});
