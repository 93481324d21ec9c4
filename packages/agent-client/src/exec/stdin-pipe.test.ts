import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { MAX_CONTENT_BYTES } from "../protocol.ts";
import { StdinPipe } from "./stdin-pipe.ts";

const PIECE = MAX_CONTENT_BYTES;

test("a write is done when its last piece was asked for, and the close is the end", async () => {
  const pipe = new StdinPipe();
  const writer = pipe.writable.getWriter();
  let written = false;
  const writing = writer.write(new Uint8Array(PIECE + 1)).then(() => {
    written = true;
  });
  expect((await pipe.next()).value).toHaveLength(PIECE);
  expect(written).toBe(false);
  expect((await pipe.next()).value).toHaveLength(1);
  await writing;
  const end = pipe.next();
  await writer.close();
  expect(await end).toEqual({ done: true, value: undefined });
});

test.each([
  ["before its first piece was taken", 0],
  ["between its pieces", 1],
])("a write fails when the command ends %s, and so do later ones", async (_name, taken) => {
  const pipe = new StdinPipe();
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => {});
  const writing = writer.write(new Uint8Array(3 * PIECE));
  const failed = expect(writing).rejects.toMatchObject({ code: "EXEC_ENDED" });
  for (let piece = 0; piece < taken; piece++) await pipe.next();
  await pipe.return();
  await failed;
  await expect(writer.write("x")).rejects.toMatchObject({ code: "EXEC_ENDED" });
});

test("a stream that is piped in ends with the command, at whatever moment", async () => {
  for (let pieces = 0; pieces < 6; pieces++) {
    const pipe = new StdinPipe();
    const source = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(2 * PIECE)) });
    const piped = expect(source.pipeTo(pipe.writable)).rejects.toMatchObject({ code: "EXEC_ENDED" });
    for (let piece = 0; piece < pieces; piece++) await pipe.next();
    await pipe.return();
    await piped;
  }
});

test("an abort does not wait for a write that nobody takes, and reaches the reader", async () => {
  const waiting = new StdinPipe();
  const reader = expect(waiting.next()).rejects.toBe("broken");
  await waiting.writable.abort("broken");
  await reader;
  const full = new StdinPipe();
  const writer = full.writable.getWriter();
  writer.closed.catch(() => {});
  const writing = expect(writer.write("x")).rejects.toBe("broken");
  // By then it is under way.
  await setImmediate();
  await Promise.all([writer.abort("broken"), writing]);
  await expect(full.next()).rejects.toBe("broken");
});

test("what is neither bytes nor text fails the stream", async () => {
  const pipe = new StdinPipe();
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => {});
  await expect(writer.write(5 as unknown as string)).rejects.toBeInstanceOf(TypeError);
});
