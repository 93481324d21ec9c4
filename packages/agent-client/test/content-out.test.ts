import { randomBytes } from "node:crypto";
import type { OutgoingContent } from "@a3s/testing";
import { describe, expect, test } from "vitest";
import {
  collected,
  dataOver,
  executing,
  exited,
  gone,
  reading,
  sending,
  started,
  stderr,
  stdoutOver,
  written,
} from "./content-agent.ts";
import { doubleAgent } from "./fake-agent.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const CREDIT = 2 * MIB;
/** Enough that a connection is open long before it has all been sent. */
const MUCH = 12 * MIB;

describe("much content", () => {
  test("comes over a connection of its own, all of it and in order", async () => {
    const content = randomBytes(MUCH + 17);
    await using agent = await doubleAgent({ files: { "/file": content } });
    const { client, connections } = agent;
    const carried = async (connection: number) => {
      expect(connections).toHaveLength(connection + 1);
      await gone(connections[connection]);
      return connections[connection]?.bytesWritten ?? 0;
    };
    expect(Buffer.compare(await client.files.readFile("/file"), content)).toBe(0);
    expect(await carried(1)).toBeGreaterThan(MUCH / 2);
    const process = client.exec(["cat", "/file"], { maxBufferBytes: 2 * MUCH });
    expect(Buffer.compare((await process).stdout, content)).toBe(0);
    expect(await carried(2)).toBeGreaterThan(MUCH / 2);
    const rest = await collected(client.files.createReadStream("/file", { start: 9 }));
    expect(Buffer.compare(rest, content.subarray(9))).toBe(0);
    expect(await carried(3)).toBeGreaterThan(MUCH / 2);
    const archive = await collected(client.files.downloadTar("/file"));
    expect(Buffer.compare(archive.subarray(512, 512 + content.length), content)).toBe(0);
    expect(await carried(4)).toBeGreaterThan(MUCH / 2);
  });

  test("is cut anywhere", async () => {
    const content = randomBytes(999);
    await using agent = await sending(async ({ socket }) => {
      for (let start = 0; start < content.length; start += 3) {
        const head = Buffer.from([0, 0, 0, 3]);
        const frame = Buffer.concat([head, content.subarray(start, start + 3)]);
        for (const cut of [frame.subarray(0, start % 7), frame.subarray(start % 7)]) {
          if (cut.length > 0) await written(socket, cut);
        }
        await new Promise(setImmediate);
      }
      await written(socket, Buffer.alloc(2));
      await new Promise(setImmediate);
      await written(socket, Buffer.alloc(2));
    });
    expect(Buffer.compare(await agent.client.files.readFile("/x"), content)).toBe(0);
  });

  test("waits until the call says that it comes", async () => {
    const taken = Promise.withResolvers<void>();
    await using agent = await reading(async function* (contents) {
      using offer = contents.offer();
      yield dataOver(offer);
      const connection = await offer.opened;
      await connection.send(Buffer.from("third, "));
      await connection.send(Buffer.from("fourth"));
      await connection.end();
      await gone(connection.socket);
      yield { data: Buffer.from("first, ") };
      await taken.promise;
      yield { data: Buffer.from("second, ") };
      yield dataOver(offer);
    });
    let text = "";
    for await (const piece of agent.client.files.createReadStream("/x")) {
      text += Buffer.from(piece);
      // The next piece is asked for before the agent goes on.
      setImmediate(taken.resolve);
    }
    expect(text).toBe("first, second, third, fourth");
  });

  test("waits for as long as nobody takes it, and no longer: the agent is never further ahead than its credit", async () => {
    let sent = 0;
    const stalled = Promise.withResolvers<void>();
    await using agent = await executing(async function* (contents) {
      using offer = contents.offer();
      yield started;
      yield stdoutOver(offer);
      const connection = await offer.opened;
      yield stdoutOver(offer);
      while (sent < 3 * CREDIT) {
        if (connection.credit === 0) stalled.resolve();
        await connection.credited();
        const piece = new Uint8Array(Math.min(connection.credit, 48 * KIB, 3 * CREDIT - sent));
        sent += piece.length;
        await connection.send(piece);
      }
      await connection.end();
      yield exited;
    });
    const process = agent.client.exec(["x"]);
    const events = process[Symbol.asyncIterator]();
    await events.next();
    await stalled.promise;
    for (let round = 0; round < 5; round++) await agent.client.health();
    expect(sent).toBe(CREDIT);
    let taken = 0;
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.type !== "stdout") continue;
      taken += next.value.data.length;
      expect(sent).toBeLessThanOrEqual(taken + CREDIT);
    }
    expect(taken).toBe(3 * CREDIT);
  });

  test("holds no more than its credit when it comes byte by byte and is not taken", async () => {
    const content = randomBytes(50_000);
    const sent = Promise.withResolvers<void>();
    await using agent = await executing(async function* (contents) {
      using offer = contents.offer();
      yield started;
      yield stdoutOver(offer);
      const { socket } = await offer.opened;
      yield stdoutOver(offer);
      for (const byte of content) socket.write(Uint8Array.of(0, 0, 0, 1, byte));
      await written(socket, Buffer.alloc(4));
      await gone(socket);
      sent.resolve();
      yield exited;
    });
    const process = agent.client.exec(["x"]);
    const events = process[Symbol.asyncIterator]();
    await events.next();
    await sent.promise;
    const pieces = [];
    for await (const event of events) if (event.type === "stdout") pieces.push(event.data);
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
    // The first is taken ahead, and what is as large as it may be is not joined.
    expect(pieces.length).toBeLessThan(20);
  });
});

describe("other messages of the call", () => {
  test("come while content goes over the connection, and content while they do", async () => {
    const [took, rounds] = [[0, 1, 2, 3].map(() => Promise.withResolvers<void>()), 4];
    await using agent = await executing(async function* (contents) {
      using offer = contents.offer();
      yield started;
      yield stdoutOver(offer);
      const connection = await offer.opened;
      yield stdoutOver(offer);
      for (let round = 0; round < rounds; round++) {
        if (round % 2 === 0) yield stderr(Uint8Array.of(round));
        else await connection.send(Uint8Array.of(round));
        await took[round]?.promise;
      }
      await connection.end();
      yield exited;
    });
    const heard = [];
    for await (const event of agent.client.exec(["x"])) {
      if (event.type !== "stdout" && event.type !== "stderr") continue;
      heard.push(`${event.type} ${event.data[0]}`);
      took[event.data[0] as number]?.resolve();
    }
    expect(heard).toEqual(["stderr 0", "stdout 1", "stderr 2", "stdout 3"]);
  });

  test("and content hold each other back only in the call, however much there is of both", async () => {
    const bytes = 5 * MIB;
    await using agent = await doubleAgent({
      methods: {
        agent: {
          async *exec(_, { signal }) {
            using offer = agent.contents.offer();
            yield started;
            yield stdoutOver(offer);
            const connection = await offer.opened;
            yield stdoutOver(offer);
            const all = connection.send(new Uint8Array(bytes)).then(() => connection.end());
            for (let sent = 0; sent < bytes && !signal.aborted; sent += 64 * KIB)
              yield stderr(new Uint8Array(64 * KIB));
            await all;
            yield exited;
          },
        },
      },
    });
    const result = await agent.client.exec(["x"]);
    expect(result).toMatchObject({ exitCode: 3, truncated: false });
    expect([result.stdout.length, result.stderr.length]).toEqual([bytes, bytes]);
    // Taken one at a time, by somebody who is slower than either.
    const taken = { stdout: 0, stderr: 0 };
    let switches = 0;
    let last = "";
    for await (const event of agent.client.exec(["x"])) {
      await new Promise(setImmediate);
      if (event.type !== "stdout" && event.type !== "stderr") continue;
      taken[event.type] += event.data.length;
      if (last !== event.type) switches++;
      last = event.type;
    }
    expect(taken).toEqual({ stdout: bytes, stderr: bytes });
    expect(switches).toBeGreaterThan(8);
  });

  test("that overtake content count after it, and so does the end of the call", async () => {
    const content = randomBytes(3 * MIB);
    const [released, taken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const send = async (connection: OutgoingContent) => {
      // Nothing that is sent now would be read.
      await released.promise;
      await connection.send(content);
      await taken.promise;
      await connection.end();
    };
    await using agent = await executing(async function* (contents) {
      const offer = contents.offer();
      yield started;
      yield stdoutOver(offer);
      const connection = await offer.opened;
      yield stdoutOver(offer);
      yield exited;
      void send(connection);
    });
    async function* stdin() {
      try {
        for (;;) yield new Uint8Array(64 * KIB);
      } finally {
        released.resolve();
      }
    }
    const pieces = [];
    const heard = new Set();
    let bytes = 0;
    for await (const event of agent.client.exec(["x"], { stdin: stdin() })) {
      heard.add(event.type);
      if (event.type !== "stdout") continue;
      pieces.push(event.data);
      bytes += event.data.length;
      if (bytes === content.length) taken.resolve();
    }
    expect([...heard]).toEqual(["started", "stdout", "exit"]);
    expect(Buffer.compare(Buffer.concat(pieces), content)).toBe(0);
    await gone(agent.connections[1]);
  });

  test("may have ended long before the content", async () => {
    const taken = Promise.withResolvers<void>();
    await using agent = await reading(async function* (contents) {
      const offer = contents.offer();
      yield dataOver(offer);
      const connection = await offer.opened;
      yield dataOver(offer);
      void connection
        .send(Buffer.from("all"))
        .then(() => taken.promise)
        .then(() => connection.end());
    });
    let text = "";
    for await (const piece of agent.client.files.createReadStream("/x")) {
      text += Buffer.from(piece);
      await agent.client.health();
      setImmediate(taken.resolve);
    }
    expect(text).toBe("all");
  });

  test("that wait for content hold back the agent", async () => {
    let sent = 0;
    await using agent = await doubleAgent({
      files: { "/much": new Uint8Array(MUCH) },
      methods: {
        agent: {
          async *exec() {
            using offer = agent.contents.offer();
            yield started;
            yield stdoutOver(offer);
            await offer.opened;
            yield stdoutOver(offer);
            yield exited;
            for (; ; sent += 64 * KIB) yield stderr(new Uint8Array(64 * KIB));
          },
        },
      },
    });
    await using process = agent.client.exec(["x"]);
    const awaited = process.then();
    awaited.then(undefined, () => {});
    await process.started;
    // As much as is read here could have been sent there.
    await agent.client.files.readFile("/much");
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(4 * MIB);
  });
});
