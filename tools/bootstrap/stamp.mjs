import { access, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Remembers with which inputs a step last succeeded. */
export class Stamp {
  #path;
  constructor(directory, name) {
    this.#path = join(directory, "stamps", name);
  }

  /** Whether the step succeeded with these inputs and everything that it made is still there. */
  async holds(fingerprint, outputs) {
    const last = await readFile(this.#path, "utf8").catch(() => "");
    if (last !== fingerprint) return false;
    const present = await Promise.all(
      outputs.map((path) =>
        access(path).then(
          () => true,
          () => false,
        ),
      ),
    );
    return present.every(Boolean);
  }

  /** Before the step's work, so that an interrupted step is done again. */
  async clear() {
    await rm(this.#path, { force: true });
  }

  async write(fingerprint) {
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(`${this.#path}.tmp`, fingerprint);
    await rename(`${this.#path}.tmp`, this.#path);
  }
}
