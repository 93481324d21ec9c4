import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { isForThisMachine } from "./manifest.ts";
import { type InstalledProject, installAlone, packAll } from "./project.ts";
import { type PublishedPackage, publishedPackages } from "./published.ts";

/** Every published package, each installed alone; those that npm could not install stand in `failed`. */
export interface Installation extends AsyncDisposable {
  /** Holds all projects. Outside the repository, whose node_modules must not lend anything. */
  readonly directory: string;
  readonly projects: readonly InstalledProject[];
  readonly failed: readonly PublishedPackage[];
}

/** Packs and installs every published package for which `wanted` holds. */
export async function installPackages(
  repository: string,
  signal: AbortSignal,
  wanted: (published: PublishedPackage) => boolean = () => true,
): Promise<Installation> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-pack-check-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const packages = await publishedPackages(repository);
    const tarballs = await packAll(repository, packages, join(directory, "tarballs"), signal);
    const projects: InstalledProject[] = [];
    const failed: PublishedPackage[] = [];
    for (const published of packages.filter(({ manifest }) => isForThisMachine(manifest)).filter(wanted)) {
      const place = join(directory, basename(published.directory));
      const project = await installAlone(published, tarballs, place, signal);
      if (project) projects.push(project);
      else failed.push(published);
    }
    return { directory, projects, failed, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
