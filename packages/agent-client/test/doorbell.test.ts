import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { createConnection } from "node:net";
import { join } from "node:path";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AgentService } from "../src/gen/a3s/agent/v1/agent_pb.ts";
import { BootService } from "../src/gen/a3s/boot/v1/boot_pb.ts";
import { Health, HealthCheckResponse_ServingStatus } from "../src/gen/grpc/health/v1/health_pb.ts";
import { AGENT_PROTOCOL, type Doorbell, type GuestConfig, listenDoorbell } from "../src/index.ts";
import { retainedBytes } from "./retained-bytes.ts";
import { scratchDirectory } from "./scratch.ts";
import { unixGrpc } from "./unix-grpc.ts";

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
  agentVersion: "1.2.3",
  protocol: AGENT_PROTOCOL,
  sinceKernelStart: { seconds: 1n, nanos: 500_000_000 },
};

let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
let socketPath: string;
let doorbell: Doorbell;
let grpc: ReturnType<typeof unixGrpc>;
beforeEach(async () => {
  scratch = await scratchDirectory();
  socketPath = join(scratch.path, "boot.sock");
  doorbell = await listenDoorbell({ socketPath, config });
  grpc = unixGrpc(socketPath);
});
afterEach(async () => {
  grpc[Symbol.dispose]();
  await doorbell[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
const guest = () => createClient(BootService, grpc.transport);

test("a guest takes its configuration and says ready", async () => {
  const before = Date.now();
  const { config: given } = await guest().configure(hello);
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
  const hostTime = given?.hostTime && timestampDate(given.hostTime).getTime();
  expect(hostTime).toBeGreaterThanOrEqual(before);
  expect(hostTime).toBeLessThanOrEqual(Date.now());
  expect(await doorbell.configured).toMatchObject({ agentVersion: "1.2.3", kernelMs: 1500 });
  await guest().ready({ stages: [{ name: "root", duration: { seconds: 0n, nanos: 7_000_000 } }] });
  const ready = await doorbell.ready;
  expect(ready).toMatchObject({
    agentVersion: "1.2.3",
    protocol: AGENT_PROTOCOL,
    kernelMs: 1500,
    stages: [{ name: "root", durationMs: 7 }],
  });
  expect(ready.readyAt).toBeGreaterThanOrEqual(ready.configuredAt);
});

test("the guest gets its answer to Ready even when the doorbell is disposed at once", async () => {
  await guest().configure(hello);
  const answer = guest().ready({});
  await doorbell.ready;
  await doorbell[Symbol.asyncDispose]();
  await answer;
});

test("a doorbell that is disposed waits for the guest to hang up, and does not hang up on it", async () => {
  const session = connectHttp2("http://guest", { createConnection: () => createConnection(socketPath) });
  session.on("error", () => {});
  await once(session, "connect");
  const { promise: began, resolve: begin } = Promise.withResolvers<unknown>();
  session.ping(begin);
  expect(await began).toBeNull();
  const gone = doorbell[Symbol.asyncDispose]();
  const { promise: served, resolve: serve } = Promise.withResolvers<unknown>();
  session.ping(serve);
  expect(await served).toBeNull();
  session.close();
  await gone;
  expect(existsSync(socketPath)).toBe(false);
});

test("the configuration is given once", async () => {
  await guest().configure(hello);
  await expect(guest().configure(hello)).rejects.toMatchObject({ code: Code.FailedPrecondition });
  await guest().ready({});
  await doorbell.ready;
  await expect(guest().configure(hello)).rejects.toMatchObject({ code: Code.FailedPrecondition });
  await expect(guest().fail({ stage: "late" })).rejects.toMatchObject({ code: Code.FailedPrecondition });
});

test("ready counts only from a guest that was configured", async () => {
  await expect(guest().ready({})).rejects.toMatchObject({ code: Code.FailedPrecondition });
  await guest().configure(hello);
  await guest().ready({});
  expect((await doorbell.ready).stages).toEqual([]);
});

test("a failed stage becomes the boot's error, fit to be printed", async () => {
  await guest().configure(hello);
  await guest().fail({ stage: "mounts", message: "mount /data: \x1b[31mno such tag\x07", errno: 22 });
  await expect(doorbell.ready).rejects.toMatchObject({
    code: "GUEST_BOOT_FAILED",
    message: 'The guest failed to boot at "mounts": mount /data: [31mno such tag',
    details: { stage: "mounts", errno: 22 },
  });
});

test("a guest may fail before it asks for its configuration", async () => {
  await guest().fail({ stage: "init", message: "no /proc", errno: 2 });
  await expect(doorbell.ready).rejects.toMatchObject({ code: "GUEST_BOOT_FAILED" });
  await expect(doorbell.configured).rejects.toMatchObject({ code: "GUEST_BOOT_FAILED" });
});

test("an unknown protocol is refused on both sides", async () => {
  await expect(guest().configure({ ...hello, protocol: 99 })).rejects.toMatchObject({ code: Code.FailedPrecondition });
  await expect(doorbell.ready).rejects.toMatchObject({
    code: "PROTOCOL_MISMATCH",
    details: { protocol: 99, expected: AGENT_PROTOCOL },
  });
});

test("a rehearsal changes nothing for the guest, whenever it comes", async () => {
  const { check } = createClient(Health, grpc.transport);
  expect(await check({})).toMatchObject({ status: HealthCheckResponse_ServingStatus.SERVING });
  await doorbell.rehearse();
  await guest().configure(hello);
  const late = doorbell.rehearse();
  await guest().ready({});
  expect((await doorbell.ready).agentVersion).toBe("1.2.3");
  await doorbell[Symbol.asyncDispose]();
  await late;
  await doorbell.rehearse();
});

test("only this user may use the socket, and it goes with the doorbell", async () => {
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
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

test("garbage, half a message, a huge message and other services do not disturb a guest", async () => {
  const garbage = createConnection(socketPath);
  garbage.on("error", () => {});
  garbage.end(randomBytes(100_000));
  await once(garbage.resume(), "close");

  const huge = guest().configure({ ...hello, agentVersion: "x".repeat(10_000_000) });
  await expect(huge).rejects.toMatchObject({ code: Code.ResourceExhausted });
  await expect(createClient(AgentService, grpc.transport).info({})).rejects.toMatchObject({ code: Code.Unimplemented });

  const half = connectHttp2("http://host", { createConnection: () => createConnection(socketPath) });
  half.on("error", () => {});
  const stream = half.request({
    ":method": "POST",
    ":path": "/a3s.boot.v1.BootService/Configure",
    "content-type": "application/grpc",
  });
  stream.on("error", () => {});
  stream.write(Buffer.from([0, 0, 0, 1, 0, 1]));

  await guest().configure(hello);
  await guest().ready({});
  expect((await doorbell.ready).agentVersion).toBe("1.2.3");
  half.destroy();
});

test("a caller that never finishes does not keep the doorbell open", async () => {
  const slow = createConnection(socketPath);
  slow.on("error", () => {});
  await once(slow, "connect");
  slow.write("PRI * HTTP/2.0\r\n");
  const half = connectHttp2("http://host", { createConnection: () => createConnection(socketPath) });
  half.on("error", () => {});
  const stream = half.request({
    ":method": "POST",
    ":path": "/a3s.boot.v1.BootService/Configure",
    "content-type": "application/grpc",
  });
  stream.on("error", () => {});
  stream.write(Buffer.from([0, 0, 0, 1, 0, 1]));
  await once(half, "remoteSettings");
  const closed = new Promise((resolve) => half.once("close", resolve));
  const began = performance.now();
  await doorbell[Symbol.asyncDispose]();
  expect(performance.now() - began).toBeLessThan(5000);
  await closed;
  slow.destroy();
});

test("further connections than the guest needs are turned away", async () => {
  const sockets = Array.from({ length: 20 }, () => createConnection(socketPath).on("error", () => {}));
  const closed = sockets.map((socket) => once(socket.resume(), "close"));
  await Promise.race(closed);
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  await guest().configure(hello);
});

test("a flood of broken calls leaves nothing behind", { timeout: 60_000 }, async () => {
  const before = retainedBytes();
  for (let round = 0; round < 200; round++) {
    const socket = createConnection(socketPath);
    socket.on("error", () => {});
    socket.end(round % 2 ? randomBytes(4096) : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    await once(socket.resume(), "close");
  }
  await guest().configure(hello);
  expect(retainedBytes() - before).toBeLessThan(8 * 1024 * 1024);
});

test("stages of a guest are bounded and stripped", async () => {
  await guest().configure(hello);
  const stages = Array.from({ length: 500 }, () => ({
    name: `a\n${"b".repeat(500)}`,
    duration: { seconds: -5n, nanos: 0 },
  }));
  await guest().ready({ stages: stages.slice(0, 100) });
  const ready = await doorbell.ready;
  expect(ready.stages).toHaveLength(64);
  expect(ready.stages[0]).toEqual({ name: `a ${"b".repeat(62)}…`, durationMs: 0 });
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
