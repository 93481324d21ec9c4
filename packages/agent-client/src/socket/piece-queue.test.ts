import fc from "fast-check";
import { expect, test } from "vitest";
import { PieceQueue } from "./piece-queue.ts";

test("gives what was put in, in order, whenever it is taken, and changes nothing that was taken", () => {
  const steps = fc.array(fc.option(fc.integer({ min: 1, max: 5000 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (sizes) => {
      const queue = new PieceQueue();
      const [given, taken]: [Uint8Array[], Uint8Array[]] = [[], []];
      const take = () => {
        const piece = queue.shift();
        if (piece !== undefined) taken.push(piece);
        return piece !== undefined;
      };
      for (const [index, size] of sizes.entries()) {
        if (size === null) take();
        else {
          const piece = new Uint8Array(size).fill(index);
          given.push(piece);
          queue.push(piece);
        }
      }
      while (take());
      expect(Buffer.compare(Buffer.concat(taken), Buffer.concat(given))).toBe(0);
    }),
  );
});

test("puts small pieces together, and copies no others", () => {
  const queue = new PieceQueue();
  for (let count = 0; count < 100_000; count++) queue.push(Uint8Array.of(count));
  const large = new Uint8Array(64 * 1024);
  queue.push(large);
  const pieces = [];
  for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) pieces.push(piece);
  expect(pieces).toHaveLength(Math.ceil(100_000 / 4096) + 1);
  expect(pieces.at(-1)).toBe(large);
});
