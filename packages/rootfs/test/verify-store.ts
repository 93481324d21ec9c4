import { LowerStore } from "../src/store/lower-store.ts";

/** A process of the tests: verifies a store and writes the report to standard output. Argument: store. */
const store = await LowerStore.open(process.argv[2] ?? "");
console.log(JSON.stringify(await store.verify("all")));
