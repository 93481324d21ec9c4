import { pull } from "../src/pull/pull.ts";
import { ImageStore } from "../src/store/image-store.ts";

/** A process of the tests: pulls an image and prints every event as a line of JSON. Arguments: store, name. */
const [directory = "", name = ""] = process.argv.slice(2);
console.log(JSON.stringify({ type: "ready" }));
const store = await ImageStore.open(directory);
for await (const event of pull(name, { store })) console.log(JSON.stringify(event));
