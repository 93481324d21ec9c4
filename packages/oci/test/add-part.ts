import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { FileChanges, parseDigest } from "@a3s/core";
import { ImageStore } from "../src/store/image-store.ts";

/**
 * A process of the tests: takes in a blob of zeros, says so when some of its MiB are in the store's file, and gives no more.
 * Arguments: store, digest, size, MiB to give.
 */
const [directory = "", digest = "", size = "", given = "0"] = process.argv.slice(2);
const MIB = 1024 * 1024;
const ingest = join(directory, "ingest");
const store = await ImageStore.open(directory);
await store.add({ mediaType: "a/b", digest: parseDigest(digest), size: Number(size) }, async function* () {
  using changes = new FileChanges(ingest);
  for (let number = 0; number < Number(given); number++) yield new Uint8Array(MIB);
  // The last write is still under way when the next chunk is asked for.
  while ((await written()) < Number(given) * MIB) await changes.next(new AbortController().signal);
  console.log("given");
  await once(process.stdin.resume(), "end");
});

async function written(): Promise<number> {
  const sizes = (await readdir(ingest)).map(async (name) => (await stat(join(ingest, name))).size);
  return (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0);
}
