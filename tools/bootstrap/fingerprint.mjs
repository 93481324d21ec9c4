import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Build output and dependencies: never an input of a step. */
const outputs = new Set(["node_modules", "target", "dist", ".turbo", ".cache", "bin", "guest", "lib"]);

/** A hash over the names and contents of files and directory trees, given relative to `root`. A missing one counts as such. */
export async function fingerprint(root, paths, extra = []) {
  const hash = createHash("sha256").update(JSON.stringify(extra));
  const files = (await Promise.all(paths.map((path) => filesOf(root, path)))).flat().sort();
  for (const file of files) {
    const content = await readFile(join(root, file)).catch(() => undefined);
    hash.update(JSON.stringify([file, content?.length ?? -1]));
    if (content !== undefined) hash.update(content);
  }
  return hash.digest("hex");
}

async function filesOf(root, path) {
  const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return [path];
  const nested = entries.map((entry) => {
    const child = `${path}/${entry.name}`;
    if (entry.isDirectory()) return outputs.has(entry.name) ? [] : filesOf(root, child);
    return entry.isFile() ? [child] : [];
  });
  return (await Promise.all(nested)).flat();
}
