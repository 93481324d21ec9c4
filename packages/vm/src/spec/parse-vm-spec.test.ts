import { expect, test } from "vitest";
import { parseVmSpec } from "./parse-vm-spec.ts";
import type { VmSpec } from "./vm-spec.ts";

const least: VmSpec = { vcpus: 1, memoryMib: 128, root: { path: "/srv/root" }, init: { path: "/init" } };

test("the least specification gets every default", () => {
  expect(parseVmSpec(least)).toEqual({
    vcpus: 1,
    memoryMib: 128,
    root: { path: "/srv/root", readOnly: false },
    init: { path: "/init", args: [], env: {}, pid1: false, rlimits: {} },
    shares: [],
    streams: false,
    disks: [],
    vsockPorts: [],
    network: { kind: "none" },
    limits: {},
    nestedVirtualization: false,
  });
});

const share = { tag: "t", path: "/a", readOnly: false };
const entry = { name: "n", path: "/a", readOnly: false };
const entries = (list: readonly unknown[], more: object = {}) => ({ shares: [{ tag: "t", entries: list, ...more }] });
const disk = { path: "/d", readOnly: false };
const port = { port: 1, socketPath: "/s", direction: "guest-connects" };
const tsi = (publish: unknown) => ({ network: { kind: "tsi", publish } });
const cards = (...each: readonly object[]) => ({
  network: {
    kind: "nic",
    cards: each.map((more, at) => ({ mac: `02:00:00:00:00:0${at}`, peer: { socketPath: "/n" }, ...more })),
  },
});
const program = (more: object) =>
  cards({ peer: { program: "/usr/bin/passt", args: [], address: "10.0.2.2", gateway: "10.0.2.1", ...more } });
const init = (more: object) => ({ init: { path: "/init", ...more } });

test.each<[what: string, field: string, change: object]>([
  ["no vCPU", "vcpus", { vcpus: 0 }],
  ["17 vCPUs", "vcpus", { vcpus: 17 }],
  ["too little memory", "memoryMib", { memoryMib: 127 }],
  ["memory that is no number", "memoryMib", { memoryMib: Number.NaN }],
  ["a relative root", "root.path", { root: { path: "root" } }],
  ["a root with a NUL byte", "root.path", { root: { path: "/a\0b" } }],
  ["a path longer than PATH_MAX", "root.path", { root: { path: `/${"a".repeat(4095)}` } }],
  ["a relative program", "init.path", init({ path: "init" })],
  ["a program with a blank", "init.path", init({ path: "/my init" })],
  ["an argument with a double quote", "init.args.0", init({ args: ['"'] })],
  ["an argument with a line break", "init.args.1", init({ args: ["a", "b\nc"] })],
  ["an argument beyond ASCII", "init.args.0", init({ args: ["\u00e9"] })],
  ["an empty argument", "init.args.0", init({ args: [""] })],
  ["a double dash", "init.args.0", init({ args: ["--"] })],
  ["more arguments than the kernel takes", "init.args", init({ args: Array(25).fill("a") })],
  ["a lower-case variable, which the kernel may take", "init.env.quiet", init({ env: { quiet: "1" } })],
  ["a variable of libkrun's", "init.env.KRUN_INIT", init({ env: { KRUN_INIT: "/x" } })],
  ["a value with a double quote", "init.env.A", init({ env: { A: '"' } })],
  ["more than fits on a command line", "init", init({ args: ["a".repeat(2000)] })],
  ["a tag of 37 bytes", "shares.0.tag", { shares: [{ ...share, tag: "a".repeat(37) }] }],
  ["an empty tag", "shares.0.tag", { shares: [{ ...share, tag: "" }] }],
  ["the root's tag", "shares.0.tag", { shares: [{ ...share, tag: "/dev/root" }] }],
  ["a tag used twice", "shares.1.tag", { shares: [share, { ...share, path: "/b" }] }],
  ["a share without a say on writing", "shares.0.readOnly", { shares: [{ tag: "t", path: "/a" }] }],
  [
    "a window on what is not read-only",
    "shares.0.daxWindowMib",
    { shares: [{ ...share, readOnly: false, daxWindowMib: 2 }] },
  ],
  [
    "a window of a part of a file",
    "shares.0.daxWindowMib",
    { shares: [{ ...share, readOnly: true, daxWindowMib: 1 }] },
  ],
  ["a share of entries with a say on all of them", "shares.0.readOnly", entries([], { readOnly: true })],
  ["an entry with a slash", "shares.0.entries.0.name", entries([{ ...entry, name: "a/b" }])],
  ["an entry that leaves the share", "shares.0.entries.0.name", entries([{ ...entry, name: ".." }])],
  ["an entry of a relative path", "shares.0.entries.0.path", entries([{ ...entry, path: "a" }])],
  ["a name used twice", "shares.0.entries.1.name", entries([entry, { ...entry, path: "/b" }])],
  [
    "more entries than are taken",
    "shares.0.entries",
    entries(Array.from({ length: 257 }, (_, at) => ({ ...entry, name: `${at}` }))),
  ],
  ["a disk without a say on writing", "disks.0.readOnly", { disks: [{ path: "/d" }] }],
  ["a format that is found out", "disks.0.format", { disks: [{ ...disk, format: "auto" }] }],
  ["a cache that there is not", "disks.0.cache", { disks: [{ ...disk, cache: "writethrough" }] }],
  ["a network of cards without one", "network.cards", cards()],
  ["nine cards", "network.cards", cards(...Array(9).fill({}))],
  ["a card without an address", "network.cards.0.mac", cards({ mac: undefined })],
  ["the address of a group", "network.cards.0.mac", cards({ mac: "03:00:5e:00:00:01" })],
  ["the address of a maker", "network.cards.0.mac", cards({ mac: "00:1b:21:00:00:01" })],
  ["an address of five bytes", "network.cards.0.mac", cards({ mac: "02:00:00:00:00" })],
  ["an address used twice", "network.cards.1.mac", cards({ mac: "0a:00:00:00:00:01" }, { mac: "0A:00:00:00:00:01" })],
  ["a card that leads nowhere", "network.cards.0.peer", cards({ peer: undefined })],
  ["a card on a relative socket", "network.cards.0.peer.socketPath", cards({ peer: { socketPath: "n" } })],
  ["a relative program", "network.cards.0.peer.program", program({ program: "passt" })],
  ["an argument with a NUL byte", "network.cards.0.peer.args.0", program({ args: ["a\0b"] })],
  ["a gateway of IPv6", "network.cards.0.peer.gateway", program({ gateway: "fd00::1" })],
  ["a program that also listens", "network.cards.0.peer.socketPath", program({ socketPath: "/n" })],
  ["seven cards", "shares", cards(...Array(7).fill({}))],
  [
    "a card beside six shares",
    "shares",
    { ...cards({}), shares: Array.from({ length: 6 }, (_, at) => ({ ...share, tag: `${at}` })) },
  ],
  ["a limit of no resource", "init.rlimits.sails", init({ rlimits: { sails: 1 } })],
  ["a limit that is no whole number", "init.rlimits.nofile", init({ rlimits: { nofile: 0.5 } })],
  ["a limit above its maximum", "init.rlimits.nofile", init({ rlimits: { nofile: { soft: 2, hard: 1 } } })],
  ["a disk used twice", "disks.1.path", { disks: [disk, disk] }],
  [
    "more disks than interrupts beside a share",
    "shares",
    { shares: [share], disks: Array.from({ length: 6 }, (_, at) => ({ ...disk, path: `/${at}` })) },
  ],
  [
    "more shares than interrupts",
    "shares",
    { shares: Array.from({ length: 7 }, (_, at) => ({ ...share, tag: `${at}` })) },
  ],
  [
    "a socket path of 108 bytes",
    "vsockPorts.0.socketPath",
    { vsockPorts: [{ ...port, socketPath: `/directory.name/${"s".repeat(92)}` }] },
  ],
  [
    "a socket's name of 94 bytes",
    "vsockPorts.0.socketPath",
    { vsockPorts: [{ ...port, socketPath: `/${"s".repeat(94)}` }] },
  ],
  ["a socket without a name", "vsockPorts.0.socketPath", { vsockPorts: [{ ...port, socketPath: "/run/.." }] }],
  ["a direction nobody knows", "vsockPorts.0.direction", { vsockPorts: [{ ...port, direction: "in" }] }],
  ["port 0", "vsockPorts.0.port", { vsockPorts: [{ ...port, port: 0 }] }],
  ["VMADDR_PORT_ANY", "vsockPorts.0.port", { vsockPorts: [{ ...port, port: 0xffff_ffff }] }],
  ["a port used twice", "vsockPorts.1.port", { vsockPorts: [port, { ...port, socketPath: "/t" }] }],
  ["a socket used twice", "vsockPorts.1.socketPath", { vsockPorts: [port, { ...port, port: 2 }] }],
  ["a network nobody knows", "network.kind", { network: { kind: "bridge" } }],
  ["TSI without a list of ports", "network.publish", { network: { kind: "tsi" } }],
  ["a TCP port out of range", "network.publish.0.guestPort", tsi([{ hostPort: 80, guestPort: 65_536 }])],
  [
    "a host port used twice",
    "network.publish.1.hostPort",
    tsi([1, 2].map((guestPort) => ({ hostPort: 80, guestPort }))),
  ],
  ["an unknown field", "memory", { memory: 512 }],
])("%s is refused and named", (_, field, change) => {
  expect(() => parseVmSpec({ ...least, ...change })).toThrow(
    expect.objectContaining({
      code: "VM_SPEC_INVALID",
      details: { faults: [expect.stringMatching(new RegExp(`^${field.replaceAll(".", "\\.")}: `))] },
    }),
  );
});

test("what is no object is refused", () => {
  for (const input of [undefined, null, 7, "spec", []]) {
    expect(() => parseVmSpec(input)).toThrow(expect.objectContaining({ code: "VM_SPEC_INVALID" }));
  }
});

test("the limits themselves are allowed", () => {
  parseVmSpec({
    ...least,
    vcpus: 16,
    init: { path: "/init", args: ["a b", "-c", "echo $HOME; exit 3"], env: { A: "", B: "x=y z" } },
    shares: [
      ...["b", "c", "d", "e"].map((tag) => ({ ...share, tag })),
      { ...share, tag: "a".repeat(36) },
      { tag: "f", entries: [{ ...entry, name: "n".repeat(255) }] },
    ],
    vsockPorts: [{ ...port, port: 0xffff_fffe, socketPath: `/directory.nam/${"s".repeat(92)}` }],
  });
});

test("a writable share may not lie within a read-only one, whose mount would cover it", () => {
  const shares = (outer: string, inner: string) => ({
    ...least,
    shares: [
      { tag: "outer", path: outer, readOnly: true },
      { tag: "inner", path: inner, readOnly: false },
    ],
  });
  for (const inner of ["/a", "/a/", "/a/b", "/a/../a/b"]) {
    expect(() => parseVmSpec(shares("/a", inner))).toThrow(
      /shares\.1\.path: is writable, but lies within .* shares\.0/,
    );
  }
  for (const inner of ["/", "/ab", "/b", "/a/../b", "/..a"]) parseVmSpec(shares("/a", inner));
  expect(() =>
    parseVmSpec({ ...least, root: { path: "/srv", readOnly: true }, shares: [{ ...share, path: "/srv/x" }] }),
  ).toThrow(/read-only root/);
  expect(() =>
    parseVmSpec({ ...least, root: { path: "/srv", readOnly: true }, ...entries([{ ...entry, path: "/srv/x" }]) }),
  ).toThrow(/shares\.0\.entries\.0\.path: is writable, but lies within the read-only root/);
});
