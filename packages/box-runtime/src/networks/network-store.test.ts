import { existsSync, mkdirSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newBoxId } from "@a3s/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NetworkStore } from "./network-store.ts";

let home: { networks: string; run: string };
/** As two processes have them. */
let store: NetworkStore;
let others: NetworkStore;
beforeEach(async () => {
  const scratch = await mkdtemp(join(tmpdir(), "a3s-networks-"));
  home = { networks: join(scratch, "networks"), run: join(scratch, "run") };
  store = new NetworkStore(home);
  others = new NetworkStore(home);
});
afterEach(() => rm(join(home.run, ".."), { recursive: true, force: true }));

const subnets = async () =>
  (await others.list()).map(({ name, record }) => [name, "subnet" in record ? record.subnet : "damaged"]);

test("who only looks makes nothing", async () => {
  expect(await store.list()).toEqual([]);
  expect(await store.boxes()).toEqual(new Set());
  await store.withdraw(newBoxId());
  await store.sweep();
  expect(existsSync(home.networks)).toBe(false);
});

test("a network is made once, with its labels, in a subnet that no other has", async () => {
  const made = await store.create("apps", { labels: { team: "a" } });
  expect(made).toMatchObject({
    name: "apps",
    record: { version: 1, subnet: "10.163.0.0/24", labels: { team: "a" }, id: expect.stringMatching(/^[a-z0-9]{8}$/) },
    members: [],
    boxes: [],
  });
  expect(await others.get("apps")).toEqual(made);
  await others.create("wide", { subnet: "192.168.7.0/24" });
  await store.create("third", {});
  expect(await subnets()).toEqual([
    ["apps", "10.163.0.0/24"],
    ["third", "10.163.1.0/24"],
    ["wide", "192.168.7.0/24"],
  ]);
  await expect(others.create("apps", {})).rejects.toMatchObject({ code: "NETWORK_EXISTS" });
  await expect(store.create("more", { subnet: "192.168.7.128/25" })).rejects.toMatchObject({
    code: "NETWORK_OVERLAPS",
    details: { network: "wide" },
  });
  const modes = [home.networks, join(home.networks, "apps")].map(async (path) => (await stat(path)).mode & 0o777);
  expect(await Promise.all(modes)).toEqual([0o700, 0o700]);
});

test("many at once get networks and addresses of their own", async () => {
  const names = Array.from({ length: 8 }, (_, index) => `n${index}`);
  await Promise.all(names.map((name, index) => (index % 2 ? store : others).create(name, {})));
  expect(new Set((await subnets()).map(([, subnet]) => subnet)).size).toBe(8);
  const boxes = Array.from({ length: 8 }, newBoxId);
  const members = await Promise.all(boxes.map((box, index) => (index % 2 ? store : others).enroll("n0", box)));
  // Which of them was the first to be made is anybody's guess.
  const [, subnet] = (await subnets()).find(([name]) => name === "n0") ?? [];
  const network = String(subnet).replace(/0\/24$/, "");
  expect(members.map(({ address }) => address).toSorted()).toEqual(
    Array.from({ length: 8 }, (_, index) => `${network}${index + 2}`),
  );
});

test("a box keeps its address until it is withdrawn, and a network with boxes stays", async () => {
  await store.create("apps", {});
  await store.create("idle", {});
  const [one, two] = [newBoxId(), newBoxId()] as const;
  const first = await store.enroll("apps", one);
  expect(first).toEqual({ box: one, address: "10.163.0.2", mac: "02:a3:0a:a3:00:02" });
  const second = await store.enroll("apps", two);
  expect(await others.enroll("apps", one)).toEqual(first);
  expect(await others.boxes()).toEqual(new Set([one, two]));
  expect((await others.get("apps")).members).toEqual([first, second]);
  await expect(others.remove("apps")).rejects.toMatchObject({ code: "NETWORK_IN_USE", details: { boxes: [one, two] } });
  expect(await store.prune()).toEqual(["idle"]);
  await others.withdraw(one);
  expect(await store.enroll("apps", two)).toEqual(second);
  expect((await store.enroll("apps", newBoxId())).address).toBe("10.163.0.2");
  for (const box of await store.boxes()) await store.withdraw(box);
  await others.remove("apps");
  expect(await store.list()).toEqual([]);
});

test("a network that is full says so, and one without a name or with too many labels is none", async () => {
  await store.create("small", { subnet: "10.0.0.0/29" });
  for (let count = 0; count < 5; count++) await store.enroll("small", newBoxId());
  await expect(store.enroll("small", newBoxId())).rejects.toMatchObject({ code: "NETWORK_FULL" });
  const labels = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, ""]));
  await expect(store.create("a", { labels })).rejects.toMatchObject({ code: "NETWORK_INVALID" });
  await expect(store.create("a", { subnet: "8.8.8.0/24" })).rejects.toMatchObject({ code: "NETWORK_INVALID" });
  for (const call of [store.get, store.remove]) {
    await expect(call.bind(store)("missing")).rejects.toMatchObject({ code: "NETWORK_NOT_FOUND" });
  }
  await expect(store.enroll("missing", newBoxId())).rejects.toMatchObject({ code: "NETWORK_NOT_FOUND" });
});

test.each(["", "..", "a/b", "-x", "none", "tsi", "passt", "host", "bridge", "default"])(
  "NETWORK_INVALID: %j",
  async (name) => {
    await expect(store.create(name, {})).rejects.toMatchObject({ code: "NETWORK_INVALID" });
    await expect(store.remove(name)).rejects.toMatchObject({ code: "NETWORK_INVALID" });
  },
);

test("a damaged record is told, costs no other network anything, and its network goes when no box is on it", async () => {
  await store.create("good", {});
  const box = newBoxId();
  for (const [name, text] of [
    ["cut", '{"version":1'],
    ["foreign", '{"version":9}'],
    ["huge", " ".repeat(300_000)],
  ] as const) {
    await store.create(name, {});
    await store.enroll(name, box);
    await writeFile(join(home.networks, name, "network.json"), text);
  }
  expect(await subnets()).toEqual([
    ["cut", "damaged"],
    ["foreign", "damaged"],
    ["good", "10.163.0.0/24"],
    ["huge", "damaged"],
  ]);
  await expect(store.enroll("cut", box)).rejects.toMatchObject({ code: "NETWORK_DAMAGED" });
  await expect(store.atSwitch("cut", undefined, async () => {})).rejects.toMatchObject({ code: "NETWORK_DAMAGED" });
  await expect(store.remove("cut")).rejects.toMatchObject({ code: "NETWORK_IN_USE" });
  await store.withdraw(box);
  await store.remove("cut");
  expect(await store.prune()).toEqual(["foreign", "good", "huge"]);
});

test("one at a time is at a switch, whose sockets go with the network", async () => {
  const { record } = await store.create("apps", {});
  let inside = 0;
  const visit = (from: NetworkStore) =>
    from.atSwitch("apps", undefined, async (place, prefixLength) => {
      expect(++inside).toBe(1);
      await writeFile(join(place.directory, "ctl.sock"), "");
      expect([prefixLength, place.gateway.address]).toEqual([24, "10.163.0.1"]);
      expect((await stat(place.directory)).mode & 0o777).toBe(0o700);
      inside--;
    });
  await Promise.all([visit(store), visit(others), visit(store)]);
  expect(await readdir(join(home.run, "net"))).toEqual([(record as { id: string }).id]);
  await store.remove("apps");
  expect(await readdir(join(home.run, "net"))).toEqual([]);
});

test("what a killed process left is removed", async () => {
  await store.create("apps", {});
  await store.atSwitch("apps", undefined, async () => {});
  mkdirSync(join(home.networks, ".staging/0123456789ab/members"), { recursive: true });
  mkdirSync(join(home.run, "net/abcdefgh"));
  await store.create("more", {});
  await store.sweep();
  expect(await readdir(join(home.networks, ".staging"))).toEqual([]);
  expect(await readdir(join(home.run, "net"))).toHaveLength(1);
  expect(JSON.parse(await readFile(join(home.networks, "apps/network.json"), "utf8")).version).toBe(1);
});
