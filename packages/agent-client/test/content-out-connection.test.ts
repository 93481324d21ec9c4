import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import {
  collected,
  dataOver,
  executing,
  exited,
  gone,
  never,
  reading,
  sending,
  started,
  stdoutOver,
} from "./content-agent.ts";
import { doubleAgent } from "./fake-agent.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const CREDIT = 2 * MIB;

describe("a connection", () => {
  test("is not opened for little", async () => {
    await using agent = await doubleAgent({ files: { "/file": randomBytes(255 * KIB) } });
    await agent.client.files.readFile("/file");
    await agent.client.exec(["cat", "/file"]).orThrow();
    expect(agent.connections).toHaveLength(1);
  });

  test("is never offered by some agents", async () => {
    let takes: boolean | undefined;
    await using agent = await reading(async function* (_, { takesDataConnection }) {
      takes = takesDataConnection;
      for (let piece = 0; piece < 64; piece++) yield { data: new Uint8Array(64 * KIB).fill(piece) };
    });
    expect(await agent.client.files.readFile("/x")).toHaveLength(4 * MIB);
    expect(takes).toBe(true);
    expect(agent.connections).toHaveLength(1);
  });

  test("may be left unused", async () => {
    const content = randomBytes(99 * KIB);
    await using agent = await reading(async function* (contents) {
      const offer = contents.offer();
      yield dataOver(offer);
      await offer.opened;
      yield { data: content };
    });
    expect(Buffer.compare(await agent.client.files.readFile("/x"), content)).toBe(0);
    await gone(agent.connections[1]);
  });

  test("that breaks before it is used changes nothing, and fails the call when it is used after all", async () => {
    let isUsed = false;
    await using agent = await reading(async function* (contents) {
      using offer = contents.offer();
      yield dataOver(offer);
      const { socket } = await offer.opened;
      socket.destroy();
      await gone(socket);
      // The caller, in the same process, sees it in the next turns.
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
      yield { data: Buffer.from("all") };
      if (!isUsed) return;
      yield dataOver(offer);
      await never();
    });
    expect(await agent.client.files.readFile("/x", { encoding: "utf8" })).toBe("all");
    isUsed = true;
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  });

  test("that cannot be had changes nothing", async () => {
    await using agent = await reading(async function* (contents) {
      using offer = contents.offer();
      await rm(agent.socketPath);
      yield dataOver(offer);
      for (let round = 0; round < 10; round++) yield { data: new Uint8Array(64 * KIB) };
    });
    expect(await agent.client.files.readFile("/x")).toHaveLength(640 * KIB);
  });

  test("is one of sixteen at most; what is more goes in messages", async () => {
    const gate = Promise.withResolvers<void>();
    let further: "none" | "used" | "opened" = "none";
    await using agent = await reading(async function* (contents, { offset }) {
      using offer = contents.offer();
      yield dataOver(offer);
      if (offset > 0n) {
        yield { data: Buffer.from("in messages") };
        if (further === "used") yield dataOver(offer);
        if (further === "opened") await offer.opened;
        return;
      }
      const connection = await offer.opened;
      yield dataOver(offer);
      await connection.send(new Uint8Array(1));
      await gate.promise;
      await connection.end();
    });
    const { client, connections } = agent;
    const held = Array.from({ length: 16 }, () => client.files.createReadStream("/x")[Symbol.asyncIterator]());
    for (const each of held) await each.next();
    expect(connections).toHaveLength(17);
    const more = () => collected(client.files.createReadStream("/x", { start: 1 }));
    expect((await more()).toString()).toBe("in messages");
    further = "used";
    await expect(more()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
    expect(connections).toHaveLength(17);
    gate.resolve();
    for (const each of held) expect(await each.next()).toMatchObject({ done: true });
    await Promise.all(connections.slice(1).map(gone));
    further = "opened";
    expect((await more()).toString()).toBe("in messages");
    expect(connections).toHaveLength(18);
  });

  test("is closed when nobody takes its content any more", async () => {
    let sent = Promise.withResolvers<void>();
    await using agent = await sending(async (connection) => {
      await connection.send(new Uint8Array(CREDIT));
      sent.resolve();
      await connection.send(new Uint8Array(3 * CREDIT));
    });
    const { files } = agent.client;
    for await (const _ of files.createReadStream("/x")) break;
    await gone(agent.connections[1]);
    sent = Promise.withResolvers();
    const controller = new AbortController();
    const reason = new Error("enough");
    const stream = files.createReadStream("/x", { signal: controller.signal });
    const pieces = stream[Symbol.asyncIterator]();
    await pieces.next();
    await sent.promise;
    controller.abort(reason);
    await gone(agent.connections[2]);
    await expect(pieces.next()).rejects.toBe(reason);
  });

  test.each([
    ["goes on", never],
    ["has ended but for its content", async () => {}],
  ])("is closed with the client while its call %s", async (_, end) => {
    const opened = Promise.withResolvers<void>();
    await using agent = await executing(async function* (contents) {
      const offer = contents.offer();
      yield started;
      yield stdoutOver(offer);
      await offer.opened;
      yield stdoutOver(offer);
      yield exited;
      opened.resolve();
      await end();
    });
    const failed = expect(agent.client.exec(["x"])).rejects.toMatchObject({ code: "AGENT_CLOSED" });
    await opened.promise;
    await agent.client.health();
    await agent.client[Symbol.asyncDispose]();
    await failed;
    await gone(agent.connections[1]);
  });
});
