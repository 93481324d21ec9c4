import { ImageStore } from "../src/store/image-store.ts";

/** A process of the tests: forgets a name and collects garbage, over and over, until its standard input ends. Arguments: store, name. */
const [directory = "", name = ""] = process.argv.slice(2);
const store = await ImageStore.open(directory);
let ended = false;
process.stdin.resume().once("end", () => {
  ended = true;
});
let removedBlobs = 0;
for (let first = true; !ended; first = false) {
  await store.remove(name);
  removedBlobs += (await store.gc()).removedBlobs;
  if (first) console.log("collecting");
}
console.log(removedBlobs);
