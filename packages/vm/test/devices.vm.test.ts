import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchVm } from "../src/index.ts";
import { busyboxRoot } from "./busybox-root.ts";
import { qcow2Image } from "./qcow2-image.ts";

const MAC = "02:00:00:0a:0b:0c";

/** One VM with every device that a box has not; its guest looks at them. */
const script = [
  "b=/bin/busybox",
  "echo limits $(ulimit -Sn) $(ulimit -Hn)",
  "echo qcow2: $($b head -n 1 /dev/vda)",
  "echo written | $b dd of=/dev/vda bs=512 seek=8 conv=notrunc 2>/dev/null",
  "echo raw: $($b head -n 1 /dev/vdb)",
  "echo changed | $b dd of=/dev/vdb conv=notrunc 2>/dev/null && $b sync",
  "echo card $($b cat /sys/class/net/eth0/address)",
  "$b ip addr add 10.0.0.1/24 dev eth0; $b ip link set eth0 up; $b ping -c 1 -W 1 10.0.0.2 >/dev/null",
  "exit 0",
].join("; ");

let directory: string;
let lines: readonly string[];
let sent = Buffer.alloc(0);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  const at = (name: string) => join(directory, name);
  await writeFile(at("image.qcow2"), qcow2Image("in a cluster\n"));
  await writeFile(at("image.raw"), Buffer.concat([Buffer.from("as it is\n"), Buffer.alloc(1 << 20)]));
  const peer = createServer((socket) => {
    socket.on("data", (bytes) => {
      sent = Buffer.concat([sent, bytes]);
    });
  });
  peer.listen(at("net.sock"));
  await once(peer, "listening");
  {
    await using vm = await launchVm(
      {
        vcpus: 1,
        memoryMib: 256,
        root: { path: await busyboxRoot(at("root")), readOnly: true },
        init: {
          path: "/bin/busybox",
          args: ["sh", "-c", script],
          rlimits: { nofile: { soft: 20, hard: 30 } },
        },
        disks: [
          { path: at("image.qcow2"), readOnly: false, format: "qcow2" },
          { path: at("image.raw"), readOnly: false, cache: "none" },
        ],
        network: { kind: "nic", cards: [{ mac: MAC, peer: { socketPath: at("net.sock") } }] },
      },
      { log: { path: at("log") }, exitPath: at("exit.json") },
    );
    const exit = await vm.exited;
    expect({ exit, console: (await vm.evidence()).consoleTail }).toEqual({
      exit: expect.objectContaining({ code: 0, cause: "guest" }),
      console: expect.anything(),
    });
    lines = (await vm.evidence()).consoleTail.split(/\r?\n/);
  }
  peer.close();
  await once(peer, "close");
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

test("the guest's program has the limits that the specification sets", () => {
  expect(lines).toContain("limits 20 30");
});

test("a qcow2 image is the disk that it holds", async () => {
  expect(lines).toContain("qcow2: in a cluster");
  expect(await readFile(join(directory, "image.qcow2"), "latin1")).toContain("written\n");
});

test("a raw image that the host does not cache has what the guest wrote", async () => {
  expect(lines).toContain("raw: as it is");
  expect((await readFile(join(directory, "image.raw"))).subarray(0, 8).toString()).toBe("changed\n");
});

test("a network card has its address, and its frames reach the other end", () => {
  expect(lines).toContain(`card ${MAC}`);
  const frames: Buffer[] = [];
  for (let at = 0; at + 4 <= sent.length; at += 4 + sent.readUInt32BE(at)) {
    frames.push(sent.subarray(at + 4, at + 4 + sent.readUInt32BE(at)));
  }
  // Who has 10.0.0.2? ARP (0x0806), to everybody, from the card.
  const asks = frames.filter((frame) => frame.readUInt16BE(12) === 0x0806);
  expect(asks[0]?.subarray(0, 12).toString("hex")).toBe(`ffffffffffff${MAC.replaceAll(":", "")}`);
});
