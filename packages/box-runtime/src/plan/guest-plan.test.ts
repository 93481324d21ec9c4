import { parseBoxConfig } from "@a3s/core";
import { planMounts } from "@a3s/rootfs";
import { expect, test } from "vitest";
import { planGuestConfig, planVmSpec } from "./guest-plan.ts";
import { planNetwork } from "./network.ts";

const config = parseBoxConfig({
  image: "alpine",
  vcpus: 1,
  memoryMib: 256,
  volumes: [
    { source: "/srv/a", target: "/a" },
    { source: "/srv/b", target: "/b", readOnly: true },
  ],
});
const mounts = planMounts(config);
const none = planNetwork(config);
const paths = {
  bootRoot: { path: "/home/guest/1", agent: "/a3s-agent" },
  lower: "/home/rootfs/1/root",
  doorbellSocket: "/home/run/1/boot.sock",
  agentSocket: "/home/run/1/agent.sock",
  disks: [],
};

test("a box's VM boots the agent, shares image and volumes, and opens two vsock ports and no network", () => {
  expect(planVmSpec(config, mounts, none, paths)).toMatchInlineSnapshot(`
    {
      "disks": [],
      "init": {
        "path": "/a3s-agent",
        "pid1": true,
      },
      "limits": {},
      "memoryMib": 256,
      "network": {
        "kind": "none",
      },
      "root": {
        "path": "/home/guest/1",
        "readOnly": true,
      },
      "shares": [
        {
          "daxWindowMib": 256,
          "path": "/home/rootfs/1/root",
          "readOnly": true,
          "tag": "a3s.lower",
        },
        {
          "entries": [
            {
              "name": "0",
              "path": "/srv/a",
              "readOnly": false,
            },
            {
              "name": "1",
              "path": "/srv/b",
              "readOnly": true,
            },
          ],
          "tag": "a3s.volumes",
        },
      ],
      "streams": false,
      "vcpus": 1,
      "vsockPorts": [
        {
          "direction": "guest-connects",
          "port": 4087,
          "socketPath": "/home/run/1/boot.sock",
        },
        {
          "direction": "host-connects",
          "port": 4088,
          "socketPath": "/home/run/1/agent.sock",
        },
      ],
    }
  `);
});

test("a box's network, ports and limits are its VM's", () => {
  const limited = parseBoxConfig({ ...config, network: "tsi", ports: ["0.0.0.0:8080:80"], limits: { cpus: 0.5 } });
  expect(planVmSpec(limited, mounts, planNetwork(limited), paths)).toMatchObject({
    network: { kind: "tsi", publish: [{ hostPort: 8080, guestPort: 80 }] },
    limits: { cpus: 0.5 },
  });
});

test("the guest is told of everything that the VM is given, by the same names and rights", () => {
  const { shares = [] } = planVmSpec(config, mounts, none, paths);
  const guest = planGuestConfig("abcdefghijkl", config, mounts, none);
  const [lower, volumes] = shares;
  expect(lower).toMatchObject({ tag: guest.root.lowerTag, readOnly: true });
  const told = guest.mounts.map((mount) => mount.kind === "virtio-fs" && [mount.tag, mount.entry, mount.readOnly]);
  const given = volumes !== undefined && "entries" in volumes ? volumes.entries : [];
  expect(told).toEqual(given.map(({ name, readOnly }) => [volumes?.tag, name, readOnly]));
  expect(told).toHaveLength(2);
});

test("with a disk, the VM has its image and the guest its device", () => {
  const plan = planMounts({ ...config, diskMib: 1024 });
  const disks = ["/home/boxes/1/disk0.ext4"];
  expect(planVmSpec(config, plan, none, { ...paths, disks }).disks).toEqual([{ path: disks[0], readOnly: false }]);
  expect(planGuestConfig("abcdefghijkl", config, plan, none).root.upperDevice).toBe("/dev/vda");
});

test("with a main process, the VM has ports for what that writes, and the guest its command", () => {
  expect(planVmSpec(config, mounts, none, { ...paths, hasMain: true }).streams).toBe(true);
  const main = { command: ["/init"] };
  expect(planGuestConfig("abcdefghijkl", config, mounts, none, main).main).toBe(main);
});

test("the guest is told of names, resolvers and kernel parameters", () => {
  const named = parseBoxConfig({
    image: "alpine",
    extraHosts: ["db:10.0.0.7"],
    dns: { servers: ["10.0.0.1"] },
    sysctls: { "net.core.somaxconn": "1024" },
  });
  expect(planGuestConfig("abcdefghijkl", named, mounts, planNetwork(named))).toMatchObject({
    hosts: [{ address: "10.0.0.7", names: ["db"] }],
    resolver: { servers: ["10.0.0.1"], search: [], options: [] },
    sysctls: { "net.core.somaxconn": "1024" },
  });
});

test("the guest's network card has the address that the VM's other end knows it by", () => {
  const carded = parseBoxConfig({ image: "alpine", network: "passt" });
  const network = planNetwork(carded, { passt: "/usr/bin/passt" });
  expect(planVmSpec(carded, mounts, network, paths).network).toBe(network.vm);
  const { interfaces, resolver } = planGuestConfig("abcdefghijkl", carded, mounts, network);
  expect(interfaces).toMatchObject([{ address: "10.0.2.2", gateway: "10.0.2.1" }]);
  expect(resolver).toMatchObject({ servers: ["10.0.2.1"] });
});

test("a box without a host name is called by its id", () => {
  expect(planGuestConfig("abcdefghijkl", config, mounts, none).hostname).toBe("abcdefghijkl");
  expect(planGuestConfig("abcdefghijkl", { ...config, hostname: "web" }, mounts, none).hostname).toBe("web");
});
