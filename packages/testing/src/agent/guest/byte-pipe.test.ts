import { expect, test } from "vitest";
import { BytePipe } from "./byte-pipe.ts";

const piece = (length: number) => ({ data: new Uint8Array(length) });

test("a full pipe holds back its writer until something is read", async () => {
  const pipe = new BytePipe();
  let written = 0;
  const writing = (async () => {
    for (let count = 0; count < 4; count++) {
      await pipe.write(piece(40_000));
      written++;
    }
    pipe.end();
  })();
  await new Promise(setImmediate);
  expect(written).toBe(1);
  let bytes = 0;
  for (let read = await pipe.read(); read !== undefined; read = await pipe.read()) bytes += read.data.length;
  await writing;
  expect(bytes).toBe(160_000);
});

test("what is put back comes first, and what was written before the end is still read", async () => {
  const pipe = new BytePipe();
  await pipe.write(piece(1));
  await pipe.write(piece(2));
  pipe.end();
  const first = await pipe.read();
  pipe.unread(first ?? piece(9));
  expect([(await pipe.read())?.data.length, (await pipe.read())?.data.length, await pipe.read()]).toEqual([
    1,
    2,
    undefined,
  ]);
});

test("a pipe that nobody reads any more lets its writer go on", async () => {
  const pipe = new BytePipe();
  const writing = pipe.write(piece(100_000));
  pipe.drop();
  await writing;
  await pipe.write(piece(100_000));
  expect(await pipe.read()).toBeUndefined();
});
