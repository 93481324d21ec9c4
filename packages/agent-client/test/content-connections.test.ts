import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Program } from "@a3s/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doubleAgent, type FakeAgent } from "./fake-agent.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

const MIB = 1024 * 1024;

/** A client knows from the first content that is larger than a message that its agent takes connections. */
async function acquainted<Agent extends FakeAgent>(agent: Agent): Promise<Agent> {
  await agent.client.files.writeFile("/first", new Uint8Array(2 * MIB));
  return agent;
}

/** What comes as it is asked for, without end; something happens when 6 MiB have been taken. */
async function* endless(inTheMiddle = () => {}): AsyncGenerator<Uint8Array> {
  for (let piece = 0; ; piece++) {
    if (piece === 100) inTheMiddle();
    yield new Uint8Array(64 * 1024);
  }
}

/** Resolves when the socket is gone, or was already. */
async function gone(socket: Socket | undefined): Promise<void> {
  if (socket === undefined) throw new Error("there is no such connection");
  if (!socket.closed) await once(socket, "close");
}

describe("a double that takes connections", () => {
  test("gets what a message holds in the call, and the rest beside it, in order", async () => {
    const digest: Program = async (run) => {
      const hash = createHash("sha256");
      for (let bytes = await run.read(); bytes !== undefined; bytes = await run.read()) hash.update(bytes);
      await run.write(hash.digest());
      return 0;
    };
    await using agent = await acquainted(await doubleAgent({ programs: { digest } }));
    const before = agent.connections.length;
    const content = randomBytes(3 * MIB + 17);
    await agent.client.files.writeFile("/file", content.subarray(0, 256 * 1024));
    expect(agent.connections).toHaveLength(before);
    await agent.client.files.writeFile("/file", content);
    expect(agent.connections).toHaveLength(before + 1);
    expect(Buffer.compare(agent.files.read("/file"), content)).toBe(0);
    await gone(agent.connections.at(-1));
    const { stdout } = await agent.client.exec(["digest"], { stdin: content });
    expect(Buffer.compare(stdout, createHash("sha256").update(content).digest())).toBe(0);
    expect(agent.connections).toHaveLength(before + 2);
    await gone(agent.connections.at(-1));
  });

  test("is asked for them once, and gets content in messages until it has answered", async () => {
    let asked = 0;
    const answer = Promise.withResolvers<void>();
    await using agent = await doubleAgent({
      methods: {
        agent: {
          async info() {
            asked++;
            await answer.promise;
            return { contentConnections: true };
          },
        },
      },
    });
    await agent.client.files.writeFile("/one", new Uint8Array(2 * MIB));
    expect([asked, agent.connections.length]).toEqual([1, 1]);
    answer.resolve();
    await agent.client.files.writeFile("/two", new Uint8Array(MIB));
    await agent.client.files.writeFile("/three", new Uint8Array(MIB));
    expect(asked).toBe(1);
    expect(agent.connections.length).toBeGreaterThan(1);
  });

  test("has four at most at once; what is more goes in messages", async () => {
    await using agent = await acquainted(await doubleAgent({}));
    const before = agent.connections.length;
    const gate = Promise.withResolvers<void>();
    const held = Array.from({ length: 4 }, (_, index) => {
      const stalled = Promise.withResolvers<void>();
      async function* source() {
        yield new Uint8Array(2 * MIB);
        stalled.resolve();
        await gate.promise;
        yield new Uint8Array(1);
      }
      return { stalled: stalled.promise, written: agent.client.files.writeFile(`/held-${index}`, source()) };
    });
    await Promise.all(held.map(({ stalled }) => stalled));
    const content = randomBytes(MIB);
    await agent.client.files.writeFile("/fifth", content);
    expect(Buffer.compare(agent.files.read("/fifth"), content)).toBe(0);
    expect(agent.connections.length - before).toBe(4);
    gate.resolve();
    await Promise.all(held.map(({ written }) => written));
    expect((await agent.client.files.stat("/held-3")).size).toBe(2 * MIB + 1);
    await Promise.all(agent.connections.slice(before).map(gone));
    await agent.client.files.writeFile("/sixth", content);
    expect(agent.connections.length - before).toBe(5);
  });

  test("may hang up on content, and what it says then is why", async () => {
    await using agent = await acquainted(await doubleAgent({}));
    const failed = agent.client.files.writeFile(
      "/file",
      endless(() => agent.connections.at(-1)?.destroy()),
    );
    await expect(failed).rejects.toMatchObject({ message: expect.stringContaining("broke off") });
  });

  test("may hang up and say nothing: the call is the caller's to end", async () => {
    const silent = Promise.withResolvers<void>();
    await using agent = await doubleAgent({
      methods: {
        files: {
          async write(requests) {
            for await (const { message } of requests) {
              if (message.case === "dataConnection") break;
            }
            silent.resolve();
            return await new Promise<never>(() => {});
          },
        },
      },
    });
    await agent.client.exec(["cat"], { stdin: new Uint8Array(2 * MIB), maxBufferBytes: 2 * MIB });
    const released = Promise.withResolvers<void>();
    async function* source() {
      try {
        yield* endless();
      } finally {
        released.resolve();
      }
    }
    const abort = new AbortController();
    const failed = agent.client.files.writeFile("/file", source(), { signal: abort.signal });
    await silent.promise;
    const socket = agent.connections.at(-1);
    socket?.destroy();
    await gone(socket);
    abort.abort(new Error("enough"));
    await expect(failed).rejects.toThrow("enough");
    await released.promise;
  });
});

test("an agent that takes no connections gets and gives everything in messages", async () => {
  await using agent = await acquainted(await doubleAgent({ identity: { contentConnections: false } }));
  const content = randomBytes(2 * MIB);
  await agent.client.files.writeFile("/file", content);
  expect(Buffer.compare(await agent.client.files.readFile("/file", { maxBytes: 2 * MIB }), content)).toBe(0);
  expect(agent.connections).toHaveLength(1);
});

test("a connection that cannot be had fails the call at once", async () => {
  await using agent = await acquainted(await doubleAgent({}));
  await rm(agent.socketPath);
  const failed = agent.client.files.writeFile("/file", new Uint8Array(2 * MIB));
  await expect(failed).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  // The call's own connection lives on.
  expect((await agent.client.files.stat("/first")).size).toBe(2 * MIB);
});

test("a call that was given up opens none for what its source gives afterwards", async () => {
  await using agent = await acquainted(await doubleAgent({}));
  await gone(agent.connections.at(-1));
  const before = agent.connections.length;
  const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  async function* source() {
    yield new Uint8Array(256 * 1024);
    asked.resolve();
    await gate.promise;
    yield new Uint8Array(MIB);
  }
  const abort = new AbortController();
  const failed = agent.client.files.writeFile("/file", source(), { signal: abort.signal });
  await asked.promise;
  abort.abort(new Error("enough"));
  await expect(failed).rejects.toThrow("enough");
  gate.resolve();
  // What was begun before this call has come when it is answered.
  await agent.client.files.stat("/first");
  expect(agent.connections).toHaveLength(before);
});

test("a client that is disposed hangs up on content too", async () => {
  await using agent = await acquainted(await doubleAgent({}));
  const failed = agent.client.files.writeFile(
    "/file",
    endless(() => void agent.client[Symbol.asyncDispose]()),
  );
  await expect(failed).rejects.toMatchObject({ code: "AGENT_CLOSED" });
  await gone(agent.connections.at(-1));
});

describe("the agent", () => {
  let agent: RealAgent;
  let scratch: string;
  beforeAll(async () => {
    agent = await startRealAgent();
    scratch = await mkdtemp(join(tmpdir(), "a3s-contents-"));
    await agent.client.files.writeFile(join(scratch, "first"), new Uint8Array(2 * MIB));
  });
  afterAll(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });

  test("leaves nothing of a file whose call is aborted, or whose source fails, in the middle of its content", async () => {
    const directory = join(scratch, "aborted");
    await agent.client.files.mkdir(directory);
    const { files } = agent.client;
    await using changes = await files.watch(directory);
    const abort = new AbortController();
    const reason = new Error("enough");
    const aborted = files.writeFile(
      join(directory, "a"),
      endless(() => abort.abort(reason)),
      { signal: abort.signal },
    );
    await expect(aborted).rejects.toBe(reason);
    const fail = () => {
      throw new Error("source gone");
    };
    await expect(files.writeFile(join(directory, "b"), endless(fail))).rejects.toMatchObject({
      code: "FILE_SOURCE_FAILED",
    });
    // What is unfinished goes when the agent has seen the end of its connection.
    let removed = 0;
    for await (const { type } of changes) if (type === "removed" && ++removed === 2) break;
    expect(await readdir(directory)).toEqual([]);
  });

  test("ends a command that does not read its endless stdin, and hears signals meanwhile", async () => {
    await using sleeping = agent.client.exec(["sleep", "1000"], { stdin: endless() });
    await sleeping.started;
    await agent.client.exec(["true"], { stdin: endless() }).orThrow();
    sleeping.kill("SIGTERM");
    expect(await sleeping).toMatchObject({ signal: "SIGTERM" });
  });

  test("drops what a command has closed its stdin to", async () => {
    const closing = agent.client.exec("exec 0<&-; echo closed", { stdin: new Uint8Array(8 * MIB) });
    expect((await closing.orThrow()).text()).toBe("closed\n");
    const taken = Promise.withResolvers<void>();
    async function* source() {
      for (let piece = 0; piece < 128; piece++) yield new Uint8Array(64 * 1024);
      taken.resolve();
    }
    await using living = agent.client.exec("exec 0<&-; echo closed; exec sleep 1000", { stdin: source() });
    await living.started;
    await taken.promise;
  });
});
