import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { afterEach, beforeEach, expect, test } from "vitest";
import { rehearseBoot } from "../src/doorbell/rehearsal.ts";
import { AGENT_PROTOCOL, type Doorbell, type GuestConfig, listenDoorbell } from "../src/index.ts";
import { retainedBytes } from "./retained-bytes.ts";
import { bytesOf, type RingingGuest, ringingGuest, type Said } from "./ringing-guest.ts";
import { scratchDirectory } from "./scratch.ts";

const config: GuestConfig = {
  boxId: "abcdefghij01",
  hostname: "box",
  root: { lowerTag: "a3s.lower", readOnly: false, upperSizeBytes: 2 ** 40, upperDevice: "/dev/vda" },
  mounts: [
    { kind: "virtio-fs", tag: "a3s.volume.0", target: "/data", readOnly: true },
    { kind: "virtio-fs", tag: "a3s.volumes", entry: "0", target: "/etc/app.conf", readOnly: false },
    { kind: "tmpfs", target: "/tmp", readOnly: false, sizeBytes: 0, mode: 0o1777 },
  ],
  interfaces: [{ mac: "02:00:00:00:00:01", address: "192.0.2.2", prefixLength: 24, gateway: "192.0.2.1" }],
};
const hello = {
  case: "hello",
  value: { agentVersion: "1.2.3", protocol: AGENT_PROTOCOL, sinceKernelStart: { seconds: 1n, nanos: 500_000_000 } },
} satisfies Said;
const ready = { case: "ready", value: {} } satisfies Said;
const refusal = (reason: string) => ({ case: "refused", value: { reason } });
const received = { case: "received" };

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let socketPath: string;
let doorbell: Doorbell;
let guest: RingingGuest;
beforeEach(async () => {
  scratch = await scratchDirectory();
  socketPath = join(scratch.path, "boot.sock");
  doorbell = await listenDoorbell({ socketPath, config });
  guest = await ringingGuest(socketPath);
});
afterEach(async () => {
  guest[Symbol.dispose]();
  await doorbell[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

test("a guest takes its configuration and says ready", async () => {
  const before = Date.now();
  const { value: given } = await guest.say(hello);
  expect(given).toMatchObject({
    boxId: "abcdefghij01",
    hostname: "box",
    root: { lowerTag: "a3s.lower", readOnly: false, upperSizeBytes: 2n ** 40n, upperDevice: "/dev/vda" },
    mounts: [
      { target: "/data", readOnly: true, source: { case: "virtioFs", value: { tag: "a3s.volume.0", entry: "" } } },
      {
        target: "/etc/app.conf",
        readOnly: false,
        source: { case: "virtioFs", value: { tag: "a3s.volumes", entry: "0" } },
      },
      { target: "/tmp", readOnly: false, source: { case: "tmpfs", value: { sizeBytes: 0n, mode: 0o1777 } } },
    ],
    interfaces: [{ mac: "02:00:00:00:00:01", address: "192.0.2.2", prefixLength: 24, gateway: "192.0.2.1", mtu: 0 }],
  });
  const hostTime = given && "hostTime" in given && given.hostTime && timestampDate(given.hostTime).getTime();
  expect(hostTime).toBeGreaterThanOrEqual(before);
  expect(hostTime).toBeLessThanOrEqual(Date.now());
  expect(await doorbell.configured).toMatchObject({ agentVersion: "1.2.3", kernelMs: 1500 });
  const stages = [{ name: "root", duration: { seconds: 0n, nanos: 7_000_000 } }];
  expect(await guest.say({ case: "ready", value: { stages } })).toMatchObject(received);
  const outcome = await doorbell.ready;
  expect(outcome).toMatchObject({
    agentVersion: "1.2.3",
    protocol: AGENT_PROTOCOL,
    kernelMs: 1500,
    stages: [{ name: "root", durationMs: 7 }],
  });
  expect(outcome.readyAt).toBeGreaterThanOrEqual(outcome.configuredAt);
});

test("the guest gets its answer to Ready even when the doorbell is disposed at once", async () => {
  await guest.say(hello);
  const answer = guest.say(ready);
  await doorbell.ready;
  const gone = doorbell[Symbol.asyncDispose]();
  expect(await answer).toMatchObject(received);
  guest[Symbol.dispose]();
  await gone;
});

test("a doorbell that is disposed waits for the guest to hang up, and does not hang up on it", async () => {
  await guest.say(hello);
  const gone = doorbell[Symbol.asyncDispose]();
  // It is still answered.
  expect(await guest.say(ready)).toMatchObject(refusal("Ready is not expected now"));
  guest[Symbol.dispose]();
  await gone;
  expect(existsSync(socketPath)).toBe(false);
});

test("the configuration is given once", async () => {
  await guest.say(hello);
  using other = await ringingGuest(socketPath);
  expect(await other.say(hello)).toMatchObject(refusal("Hello is not expected now"));
  await guest.say(ready);
  await doorbell.ready;
  for (const late of [hello, ready, { case: "failed", value: { stage: "late" } }] satisfies Said[]) {
    using again = await ringingGuest(socketPath);
    expect(await again.say(late)).toMatchObject({ case: "refused" });
  }
});

test("how the boot ended is heard from the guest that was configured, and from nobody else", async () => {
  using other = await ringingGuest(socketPath);
  const failed = { case: "failed", value: { stage: "none" } } satisfies Said;
  for (const caller of [other, guest]) {
    expect(await caller.say(ready)).toMatchObject(refusal("Ready is not expected now"));
    expect(await caller.say(failed)).toMatchObject(refusal("Failed is not expected now"));
  }
  await guest.say(hello);
  for (const word of [ready, failed]) expect(await other.say(word)).toMatchObject({ case: "refused" });
  await guest.say(ready);
  expect((await doorbell.ready).stages).toEqual([]);
});

test("a failed stage becomes the boot's error, fit to be printed", async () => {
  await guest.say(hello);
  const failed = { stage: "mounts", message: "mount /data: \x1b[31mno such tag\x07", errno: 22 };
  expect(await guest.say({ case: "failed", value: failed })).toMatchObject(received);
  await expect(doorbell.ready).rejects.toMatchObject({
    code: "GUEST_BOOT_FAILED",
    message: 'The guest failed to boot at "mounts": mount /data: [31mno such tag',
    details: { stage: "mounts", errno: 22 },
  });
});

test("an unknown protocol is refused on both sides", async () => {
  const answer = await guest.say({ case: "hello", value: { ...hello.value, protocol: 99 } });
  expect(answer).toMatchObject(refusal(`protocol ${AGENT_PROTOCOL} is required`));
  await expect(doorbell.ready).rejects.toMatchObject({
    code: "PROTOCOL_MISMATCH",
    details: { protocol: 99, expected: AGENT_PROTOCOL },
  });
});

test("a rehearsal runs to its end, and changes nothing for the guest, whenever it comes", async () => {
  await rehearseBoot(config);
  await doorbell.rehearse();
  await guest.say(hello);
  const late = doorbell.rehearse();
  await guest.say(ready);
  expect((await doorbell.ready).agentVersion).toBe("1.2.3");
  guest[Symbol.dispose]();
  await doorbell[Symbol.asyncDispose]();
  await late;
  await doorbell.rehearse();
});

test("only this user may use the socket, and it goes with the doorbell", async () => {
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  guest[Symbol.dispose]();
  await doorbell[Symbol.asyncDispose]();
  expect(existsSync(socketPath)).toBe(false);
  await expect(doorbell.ready).rejects.toMatchObject({ code: "DOORBELL_CLOSED" });
});

test("aborting its signal rejects with the reason", async () => {
  const controller = new AbortController();
  await using other = await listenDoorbell({ socketPath: `${socketPath}2`, config, signal: controller.signal });
  controller.abort("too late");
  await expect(other.ready).rejects.toBe("too late");
  await expect(listenDoorbell({ socketPath, config, signal: controller.signal })).rejects.toBe("too late");
});

test("a path that is taken, too long or nowhere is a typed error", async () => {
  const listen = (path: string) => listenDoorbell({ socketPath: path, config });
  await expect(listen(socketPath)).rejects.toMatchObject({ code: "DOORBELL_UNAVAILABLE" });
  await expect(listen(join(scratch.path, "no/such/dir/s"))).rejects.toMatchObject({ code: "DOORBELL_UNAVAILABLE" });
  await expect(listen(join(scratch.path, "x".repeat(100)))).rejects.toMatchObject({ code: "SOCKET_PATH_TOO_LONG" });
  writeFileSync(join(scratch.path, "file"), "kept");
  await expect(listen(join(scratch.path, "file"))).rejects.toMatchObject({ code: "DOORBELL_UNAVAILABLE" });
  expect(existsSync(join(scratch.path, "file"))).toBe(true);
});

test.each([
  ["garbage", randomBytes(100_000)],
  ["a length of more bytes than a message may have", Buffer.of(0xff, 0xff, 0xff, 0x7f)],
  ["a length that never ends", Buffer.alloc(100, 0xff)],
  ["a message that is none", Buffer.of(3, 0x0a, 0x7f, 0)],
  ["another protocol", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".padEnd(200, "\0"))],
])("%s is hung up on, and does not disturb a guest", async (_, bytes) => {
  using other = await ringingGuest(socketPath);
  other.socket.write(bytes);
  await other.hungUp;
  await guest.say(hello);
  await guest.say(ready);
  expect((await doorbell.ready).agentVersion).toBe("1.2.3");
});

test("a message comes byte by byte, and two at once", async () => {
  for (const byte of bytesOf(hello)) {
    guest.socket.write(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  await doorbell.configured;
  guest.socket.write(bytesOf(ready));
  expect(await guest.say(ready)).toMatchObject({ case: "config" });
  expect(await guest.answer()).toMatchObject(received);
  expect(await guest.answer()).toMatchObject(refusal("Ready is not expected now"));
});

test("a message of a kind that is not known is refused", async () => {
  using other = await ringingGuest(socketPath);
  other.socket.write(Buffer.of(0));
  expect(await other.answer()).toMatchObject(refusal("this message is not known"));
  // Field 99 of a later protocol.
  other.socket.write(Buffer.of(3, 0x9a, 0x06, 0x00));
  expect(await other.answer()).toMatchObject(refusal("this message is not known"));
});

test("a caller that says more than any guest is hung up on", async () => {
  using other = await ringingGuest(socketPath);
  for (let count = 0; count < 100; count++) other.socket.write(bytesOf(ready));
  const answers = await Array.fromAsync({ length: 8 }, () => other.answer());
  expect(answers.every((answer) => answer.case === "refused")).toBe(true);
  await expect(other.answer()).rejects.toThrow();
  await guest.say(hello);
});

test("a caller that never finishes does not keep the doorbell open", async () => {
  using slow = await ringingGuest(socketPath);
  slow.socket.write(bytesOf(hello).subarray(0, 5));
  const began = performance.now();
  await doorbell[Symbol.asyncDispose]();
  expect(performance.now() - began).toBeLessThan(5000);
  await slow.hungUp;
});

test("further connections than the guest needs are turned away", async () => {
  const sockets = Array.from({ length: 20 }, () => createConnection(socketPath).on("error", () => {}));
  const closed = sockets.map((socket) => once(socket.resume(), "close"));
  await Promise.race(closed);
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  await guest.say(hello);
});

test("a flood of broken calls leaves nothing behind", { timeout: 60_000 }, async () => {
  const before = retainedBytes();
  for (let round = 0; round < 200; round++) {
    const socket = createConnection(socketPath);
    socket.on("error", () => {});
    socket.end(round % 2 ? randomBytes(4096) : bytesOf(hello).subarray(0, 9));
    await once(socket.resume(), "close");
  }
  await guest.say(hello);
  expect(retainedBytes() - before).toBeLessThan(8 * 1024 * 1024);
});

test("stages of a guest are bounded and stripped", async () => {
  await guest.say(hello);
  const stages = Array.from({ length: 100 }, () => ({
    name: `a\n${"b".repeat(100)}`,
    duration: { seconds: -5n, nanos: 0 },
  }));
  await guest.say({ case: "ready", value: { stages } });
  const outcome = await doorbell.ready;
  expect(outcome.stages).toHaveLength(64);
  expect(outcome.stages[0]).toEqual({ name: `a ${"b".repeat(62)}…`, durationMs: 0 });
});

test("a configuration that no guest can take is refused before anything is bound", async () => {
  const bad: GuestConfig = {
    boxId: "NO",
    hostname: "-",
    root: { lowerTag: "x".repeat(37), readOnly: false, upperSizeBytes: -1, upperDevice: "vda" },
    mounts: [
      { kind: "virtio-fs", tag: "t", entry: "a/b", target: "/a", readOnly: true },
      { kind: "tmpfs", target: "relative", readOnly: false, sizeBytes: 0.5, mode: 0o70000 },
    ],
  };
  await expect(listenDoorbell({ socketPath: `${socketPath}3`, config: bad })).rejects.toMatchObject({
    code: "GUEST_CONFIG_INVALID",
    details: { faults: { length: 9 } },
  });
  expect(existsSync(`${socketPath}3`)).toBe(false);
});
