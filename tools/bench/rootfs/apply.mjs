import { readFile } from "node:fs/promises";
import { ensureRoot, LowerStore } from "../../../packages/rootfs/dist/index.js";

// `apply.mjs STORE LAYERS`: one root in a process of its own. Plain JavaScript: stripping types would cost it time and memory.
const [directory, layers] = process.argv.slice(2);
const store = await LowerStore.open(directory);
const start = performance.now();
const root = await ensureRoot({ store, layers: JSON.parse(await readFile(layers, "utf8")) });
const ms = performance.now() - start;
process.stdout.write(JSON.stringify({ ms, entries: root.entries, peakBytes: process.resourceUsage().maxRSS * 1024 }));
