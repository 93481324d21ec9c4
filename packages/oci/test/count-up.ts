import { readFile, writeFile } from "node:fs/promises";
import { withFileLock } from "@a3s/core";

/** A process of the tests: adds to the number in a file, one at a time. Arguments: lock, file, count. */
const [lock = "", path = "", count = "0"] = process.argv.slice(2);
for (let number = 0; number < Number(count); number++) {
  await withFileLock(lock, undefined, async () => {
    await writeFile(path, String(Number(await readFile(path, "utf8")) + 1));
  });
}
