import type { ContentOffer } from "@a3s/testing";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { dataOver, gone, never, type ReadAnswer, reading, sending, written } from "./content-agent.ts";

const MIB = 1024 * 1024;
const CREDIT = 2 * MIB;

describe("content that breaks off", () => {
  const halves = (end: () => Promise<unknown>) =>
    sending(async (connection) => {
      await connection.send(new Uint8Array(MIB));
      connection.socket.destroy();
      await end();
    });

  test("fails the call with the agent's reason, if it has one", async () => {
    await using agent = await halves(async () => {
      throw new ConnectError("the disk broke", Code.DataLoss);
    });
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject({
      code: "AGENT_CALL_FAILED",
      message: expect.stringContaining("the disk broke"),
    });
  });

  const lost = { code: "AGENT_UNAVAILABLE", message: expect.stringContaining("broke off") };

  test("fails a call that ends as if nothing had happened at once", async () => {
    await using agent = await halves(async () => {});
    const began = performance.now();
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject(lost);
    expect(performance.now() - began).toBeLessThan(900);
  });

  test("fails a call that has ended but for it at once", async () => {
    const [opened, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using agent = await reading(async function* (contents) {
      const offer = contents.offer();
      yield dataOver(offer);
      const { socket } = await offer.opened;
      yield dataOver(offer);
      opened.resolve();
      void ended.promise.then(() => socket.destroy());
    });
    const failed = expect(agent.client.files.readFile("/x")).rejects.toMatchObject(lost);
    await opened.promise;
    await agent.client.health();
    const began = performance.now();
    ended.resolve();
    await failed;
    expect(performance.now() - began).toBeLessThan(900);
  });

  test("fails a call that goes on as if nothing had happened", async () => {
    await using agent = await halves(never);
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject(lost);
  });

  test("with everything else is the end of the VM", async () => {
    await using agent = await halves(async () => {
      for (const session of agent.sessions) session.destroy();
    });
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  });
});

describe("an agent that breaks the protocol", () => {
  const frame = (length: number, bytes: Uint8Array = new Uint8Array(0)) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    return Buffer.concat([head, bytes]);
  };

  test.each([
    ["a piece larger than its credit", [frame(CREDIT + 1)]],
    ["a piece larger than what is left of it", [frame(MIB - 1, Buffer.alloc(MIB - 1)), frame(MIB + 2)]],
    ["a byte after the end", [frame(1, Buffer.alloc(1)), Buffer.concat([frame(0), Buffer.alloc(1)])]],
  ])("by %s fails the call", async (_, frames) => {
    await using agent = await sending(async ({ socket }) => {
      for (const each of frames) await written(socket, each);
      await never();
    });
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
    await gone(agent.connections[1]);
  });

  test.each<[string, (offer: ContentOffer) => AsyncGenerator<ReadAnswer>]>([
    [
      "another token than it offered",
      async function* () {
        yield dataOver({ token: new Uint8Array(16) });
      },
    ],
    [
      "a third word of the connection",
      async function* (offer) {
        yield dataOver(offer);
        yield dataOver(offer);
      },
    ],
    [
      "content in a message after it",
      async function* (offer) {
        yield dataOver(offer);
        yield { data: new Uint8Array(1) };
      },
    ],
    [
      "content in the same message",
      async function* (offer) {
        yield { ...dataOver(offer), data: new Uint8Array(1) };
      },
    ],
  ])("by %s fails the call", async (_, answer) => {
    await using agent = await reading(async function* (contents) {
      using offer = contents.offer();
      yield dataOver(offer);
      await offer.opened;
      yield* answer(offer);
      await never();
    });
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
    await gone(agent.connections[1]);
  });

  test("by a token of another size fails the call", async () => {
    await using agent = await reading(async function* () {
      yield dataOver({ token: new Uint8Array(15) });
      await never();
    });
    await expect(agent.client.files.readFile("/x")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
    expect(agent.connections).toHaveLength(1);
  });
});
