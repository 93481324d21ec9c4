import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { scratchDirectory } from "../../test/scratch.ts";
import { EagerSocket } from "./eager-socket.ts";

/** Ours, and the other end of it, which reads nothing yet. */
async function connected(): Promise<{ eager: EagerSocket; peer: Socket }> {
  const scratch = await scratchDirectory();
  const path = join(scratch.path, "socket");
  const server: Server = createServer({ pauseOnConnect: true }).listen(path);
  await once(server, "listening");
  const eager = new EagerSocket(path);
  const [peer] = (await once(server, "connection")) as [Socket];
  onTestFinished(async () => {
    eager.destroy();
    peer.destroy();
    server.close();
    await scratch[Symbol.asyncDispose]();
  });
  return { eager, peer };
}

const write = (eager: EagerSocket, bytes: Uint8Array) =>
  new Promise<void>((done, fail) => eager.write(bytes, (error) => (error ? fail(error) : done())));

test("a write ends though nobody reads it, until 64 MiB wait", async () => {
  const { eager, peer } = await connected();
  const piece = Buffer.alloc(1024 * 1024);
  for (let mib = 0; mib < 63; mib++) await write(eager, piece);
  let ended = false;
  const last = write(eager, piece).then(() => {
    ended = true;
  });
  // What the other side says arrives meanwhile.
  peer.write("said");
  expect(String((await once(eager, "data"))[0])).toBe("said");
  expect(ended).toBe(false);
  peer.resume();
  await last;
});

test("the end goes both ways, after everything that was written", async () => {
  const { eager, peer } = await connected();
  eager.end("bye");
  const heard = peer.resume().setEncoding("utf8").toArray();
  expect((await heard).join("")).toBe("bye");
  peer.end();
  await once(eager.resume(), "end");
});

test("the end of a socket that breaks is told", async () => {
  const scratch = await scratchDirectory();
  const eager = new EagerSocket(join(scratch.path, "nobody"));
  const [error] = await once(eager, "error");
  expect(error).toMatchObject({ code: "ENOENT" });
  expect(eager.destroyed).toBe(true);
  await scratch[Symbol.asyncDispose]();
  const { eager: other, peer } = await connected();
  peer.destroy();
  await once(other.resume(), "close");
});

test("what waits for a reader stays as it came, and what is taken at once is in one buffer", async () => {
  const { eager, peer } = await connected();
  const sent = Array.from({ length: 200_000 }, (_, index) => index % 251);
  peer.end(Uint8Array.from(sent));
  await once(eager, "readable");
  expect(Buffer.concat(await eager.toArray()).equals(Uint8Array.from(sent))).toBe(true);
  const { eager: other, peer: talker } = await connected();
  const memories = new Set<ArrayBufferLike>();
  for (let turn = 0; turn < 5; turn++) {
    const heard = once(other, "data");
    talker.write("word");
    const [bytes] = (await heard) as [Buffer];
    memories.add(bytes.buffer);
  }
  expect(memories.size).toBe(1);
});

test("what comes while nobody takes it is kept, and stays in order with what is handed on at once", async () => {
  const { eager, peer } = await connected();
  const all = Buffer.from(Array.from({ length: 1024 * 1024 }, (_, at) => at % 251));
  let received = 0;
  let pauses = 0;
  const whole = new Promise<void>((done) => {
    eager.on("data", (bytes: Buffer) => {
      // Those who listen may not keep what they get.
      expect(bytes.equals(all.subarray(received, received + bytes.length))).toBe(true);
      received += bytes.length;
      if (received === all.length) done();
      if (pauses++ % 3 > 0) return;
      eager.pause();
      setImmediate(() => eager.resume());
    });
  });
  for (let start = 0; start < all.length; start += 100_000) peer.write(all.subarray(start, start + 100_000));
  await whole;
});
