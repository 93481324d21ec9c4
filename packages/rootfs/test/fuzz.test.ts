import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { type FuzzCounts, fuzz } from "./fuzz/fuzz.ts";

/*
 * Random images, half of them broken on purpose. Each is applied as the model says or refused with a code of layers; nothing around the
 * store changes, nothing unfinished is left in it, and no descriptor stays open.
 */

const milliseconds = process.env["A3S_SOAK"] === "1" ? 60_000 : 5000;
const seed = Number(process.env["A3S_SEED"] ?? randomInt(2 ** 31));
const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

function expectVariety({ rounds, mutated, outcomes }: FuzzCounts): void {
  console.log(`A3S_SEED=${seed}: ${rounds} images, ${mutated} of them broken, ${JSON.stringify(outcomes)}`);
  expect(mutated).toBeGreaterThan(0);
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(["accepted", "LAYER_INVALID"]));
}

test("random images, as this user", async () => expectVariety(await fuzz(seed, milliseconds)), milliseconds + 20_000);

test.runIf(isRoot)(
  "random images, without root",
  async () => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "fuzz/fuzz.ts"), String(seed), String(milliseconds)],
      {
        stdio: ["ignore", "pipe", "pipe"],
        uid: NOBODY,
        gid: NOBODY,
      },
    );
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    if (code !== 0) throw new Error(errors);
    expectVariety(JSON.parse(output));
  },
  milliseconds + 20_000,
);
