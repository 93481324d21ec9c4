import { expect, test } from "vitest";
import { parseVmSpec } from "./parse-vm-spec.ts";
import { planTree } from "./tree.ts";

const least = { vcpus: 1, memoryMib: 128, root: { path: "/srv/root" }, init: { path: "/init" } };

test("the least VM has its root and nothing else", () => {
  expect(planTree(parseVmSpec(least))).toEqual({
    readOnly: [],
    entries: [{ at: "/root", path: "/srv/root", readOnly: false }],
    root: "/root",
    shares: [],
    disks: [],
    sockets: [],
    cards: [],
  });
});

test("read-only directories are protected in their own place, once", () => {
  const shares = ["a", "b"].map((tag) => ({ tag, path: "/srv/root", readOnly: true }));
  const { readOnly } = planTree(parseVmSpec({ ...least, root: { path: "/srv/root", readOnly: true }, shares }));
  expect(readOnly).toEqual(["/srv/root"]);
});

test("the same directory is an entry twice, with different rights, and is not protected in its own place", () => {
  const entries = [true, false].map((readOnly, name) => ({ name: String(name), path: "/srv/a", readOnly }));
  const shares = [
    { tag: "a", path: "/srv/b", readOnly: false },
    { tag: "b", entries },
    { tag: "c", entries: [] },
  ];
  const tree = planTree(parseVmSpec({ ...least, shares }));
  expect(tree.readOnly).toEqual([]);
  expect(tree.shares).toEqual(["/shares/0", "/shares/1", "/shares/2"]);
  expect(tree.entries.slice(1)).toEqual([
    { at: "/shares/0", path: "/srv/b", readOnly: false },
    { at: "/shares/1/0", path: "/srv/a", readOnly: true },
    { at: "/shares/1/1", path: "/srv/a", readOnly: false },
    { at: "/shares/2", path: null, readOnly: true },
  ]);
});

test("a socket that exists comes alone, one that is to be made with the directory for it", () => {
  const vsockPorts = [
    { port: 1, socketPath: "/run/user/1000/bus", direction: "guest-connects" },
    { port: 2, socketPath: "/run/box/agent.sock", direction: "host-connects" },
    { port: 3, socketPath: "/agent.sock", direction: "host-connects" },
  ];
  const tree = planTree(parseVmSpec({ ...least, vsockPorts }));
  expect(tree.sockets).toEqual(["/sockets/0", "/sockets/1/agent.sock", "/sockets/2/agent.sock"]);
  expect(tree.entries.slice(1)).toEqual([
    { at: "/sockets/0", path: "/run/user/1000/bus", readOnly: false },
    { at: "/sockets/1", path: "/run/box", readOnly: false },
    { at: "/sockets/2", path: "/", readOnly: false },
  ]);
});

test("disks keep their order and rights", () => {
  const disks = [
    { path: "/box/disk.ext4", readOnly: false },
    { path: "/srv/data", readOnly: true },
  ];
  const tree = planTree(parseVmSpec({ ...least, disks }));
  expect(tree.disks).toEqual(["/disks/0", "/disks/1"]);
  expect(tree.entries.slice(1)).toEqual([
    { at: "/disks/0", path: "/box/disk.ext4", readOnly: false },
    { at: "/disks/1", path: "/srv/data", readOnly: true },
  ]);
});
