import { ensureRoot } from "../src/ensure-root.ts";
import { LowerStore } from "../src/store/lower-store.ts";

/** A process of the tests: prepares a root. Arguments: store, layers as JSON. Says `ready`, builds, says whether it was there. */
const [directory = "", layers = ""] = process.argv.slice(2);
console.log("ready");
const { found } = await ensureRoot({ store: await LowerStore.open(directory), layers: JSON.parse(layers) });
console.log(found ? "found" : "built");
