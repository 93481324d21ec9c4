import { once } from "node:events";
import { parseDigest } from "@a3s/core";
import { ImageStore } from "../src/store/image-store.ts";

/**
 * A process of the tests: takes in a blob of zeros, says so when it has given some of its MiB, and gives no more.
 * Arguments: store, digest, size, MiB to give.
 */
const [directory = "", digest = "", size = "", given = "0"] = process.argv.slice(2);
const store = await ImageStore.open(directory);
await store.add({ mediaType: "a/b", digest: parseDigest(digest), size: Number(size) }, async function* () {
  for (let number = 0; number < Number(given); number++) yield new Uint8Array(1024 * 1024);
  console.log("given");
  await once(process.stdin.resume(), "end");
});
