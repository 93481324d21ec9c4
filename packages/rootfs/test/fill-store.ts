import { closeSync, openSync, readdirSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ensureRoot } from "../src/ensure-root.ts";
import { RootfsError } from "../src/errors/rootfs-error.ts";
import { LowerStore } from "../src/store/lower-store.ts";

/**
 * A process of the tests: prepares a root and one that does not fit, fills what is left and prunes. Arguments: a directory whose file system
 * may be filled, and layers as JSON, one for each root.
 */
const [directory = "", layers = ""] = process.argv.slice(2);
const [fits, large] = JSON.parse(layers);
const store = await LowerStore.open(join(directory, "rootfs"));
await ensureRoot({ store, layers: [fits] });
const error = await ensureRoot({ store, layers: [large] }).then(
  () => undefined,
  (fault: unknown) => (fault instanceof RootfsError ? { code: fault.code, hint: fault.hint } : String(fault)),
);
const staged = readdirSync(join(store.directory, ".staging"));

const file = openSync(join(directory, "fill"), "w");
try {
  for (;;) writeSync(file, Buffer.alloc(4096));
} catch {
  closeSync(file);
}
const freeBlocks = statfsSync(directory).bavail;
const opened = await LowerStore.open(store.directory);
const { found } = await ensureRoot({ store: opened, layers: [fits] });
const { removed } = await opened.prune({ maxBytes: 0 });
console.log(JSON.stringify({ error, staged, freeBlocks, found, removed: removed.length, left: await opened.list() }));
