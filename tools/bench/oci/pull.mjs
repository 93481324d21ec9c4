import { ImageStore, pull } from "../../../packages/oci/dist/index.js";

// `pull.mjs STORE REFERENCE`: one pull in a process of its own. Plain JavaScript: stripping types would cost it time and memory.
const [directory, reference] = process.argv.slice(2);
const store = await ImageStore.open(directory);
const start = performance.now();
await pull(reference, { store });
const ms = performance.now() - start;
process.stdout.write(JSON.stringify({ ms, peakBytes: process.resourceUsage().maxRSS * 1024 }));
