import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "@a3s/testing";
import { leaseRoot } from "../src/ensure-root.ts";
import { LowerStore } from "../src/store/lower-store.ts";

/**
 * A process of the tests: again and again prepares one of several roots and looks whether it stays while it is held, or prunes, or
 * verifies. Arguments: store, list of layer lists as JSON, seed, rounds. Fails on the first thing that is not as promised.
 */
const [directory = "", images = "", seed = "", rounds = ""] = process.argv.slice(2);
const store = await LowerStore.open(directory);
const random = new Random(Number(seed));
for (let round = 0; round < Number(rounds); round++) {
  const dice = random.next();
  if (dice < 0.6) await useRoot();
  else if (dice < 0.85) await store.prune({ maxBytes: 0 });
  else await expectWhole();
}

async function useRoot(): Promise<void> {
  const choices = JSON.parse(images);
  const which = Math.floor(random.next() * choices.length);
  await using root = await leaseRoot({ store, layers: choices[which] });
  // Long enough for others to try to remove it.
  for (let file = 0; file < 100; file++) {
    const content = readFileSync(join(root.path, `file${file}`), "utf8");
    if (content !== `${which}`) throw new Error(`The root ${which} has ${JSON.stringify(content)} in file ${file}`);
    if (file % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function expectWhole(): Promise<void> {
  const { damaged } = await store.verify("all");
  if (damaged.length > 0) throw new Error(JSON.stringify(damaged));
}
