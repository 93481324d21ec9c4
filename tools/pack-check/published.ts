import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Example, findExamples } from "./example.ts";
import type { Manifest } from "./manifest.ts";

/** A package of this workspace that is published. */
export interface PublishedPackage {
  /** Relative to the repository. */
  readonly directory: string;
  readonly manifest: Manifest;
  readonly examples: readonly Example[];
}

/** All packages of the workspace that are not private. */
export async function publishedPackages(repository: string): Promise<PublishedPackage[]> {
  const manifests = await Array.fromAsync(
    glob(["packages/*/package.json", "native/npm/*/package.json"], { cwd: repository }),
  );
  const all = await Promise.all(
    manifests.sort().map(async (path) => {
      const directory = dirname(path);
      const manifest = JSON.parse(await readFile(join(repository, path), "utf8")) as Manifest;
      const readme = await readFile(join(repository, directory, "README.md"), "utf8").catch(() => "");
      return { directory, manifest, examples: findExamples(readme) };
    }),
  );
  return all.filter(({ manifest }) => manifest.private !== true);
}
