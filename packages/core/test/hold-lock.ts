import { once } from "node:events";
import { withFileLock } from "../src/lock/file-lock.ts";

/** A process of the tests: holds a lock until its standard input ends. Argument: the path. */
const [path = ""] = process.argv.slice(2);
await withFileLock(path, undefined, async () => {
  console.log("held");
  await once(process.stdin.resume(), "end");
});
