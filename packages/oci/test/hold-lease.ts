import { once } from "node:events";
import { ImageStore } from "../src/store/image-store.ts";

/** A process of the tests: leases an image until its standard input ends, and never releases it. Arguments: store, name of the image. */
const [directory = "", name = ""] = process.argv.slice(2);
const store = await ImageStore.open(directory);
const image = await store.get(name);
if (image === undefined) throw new Error(`${name} is not in the store`);
await store.lease(image);
console.log("leased");
await once(process.stdin.resume(), "end");
