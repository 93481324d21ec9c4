import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "../suites/command.ts";
import { projectManifest } from "./manifest.ts";
import type { PublishedPackage } from "./published.ts";

/** A package installed alone, from its tarball, in a project that had nothing before. */
export interface InstalledProject {
  readonly published: PublishedPackage;
  readonly directory: string;
  /** The README's examples as files in the directory. */
  readonly examples: readonly { readonly file: string; readonly vm: boolean }[];
}

/** Packs the packages into a directory; returns each one's tarball by its name. */
export async function packAll(
  repository: string,
  packages: readonly PublishedPackage[],
  directory: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  await mkdir(directory, { recursive: true });
  const filters = packages.map(({ directory: path }) => `--filter=./${path}`);
  const command = ["pnpm", "--recursive", ...filters, "pack", "--pack-destination", directory] as const;
  const { exitCode } = await runCommand([...command], { cwd: repository, signal });
  if (exitCode !== 0) throw new Error("pnpm could not pack the packages");
  const files = await readdir(directory);
  return new Map(packages.map(({ manifest }) => [manifest.name, join(directory, tarballOf(manifest.name, files))]));
}

function tarballOf(name: string, files: readonly string[]): string {
  // npm's rule: "@scope/name" becomes "scope-name-VERSION.tgz".
  const stem = `${name.replace(/^@/, "").replace("/", "-")}-`;
  const file = files.find((each) => each.startsWith(stem) && /^\d[^/]*\.tgz$/.test(each.slice(stem.length)));
  if (file === undefined) throw new Error(`pnpm made no tarball of ${name}`);
  return file;
}

/** Installs a package into an empty project; undefined when npm fails, whose output is then shown. */
export async function installAlone(
  published: PublishedPackage,
  tarballs: ReadonlyMap<string, string>,
  directory: string,
  signal: AbortSignal,
): Promise<InstalledProject | undefined> {
  await mkdir(directory, { recursive: true });
  const manifest = projectManifest(published.manifest.name, tarballs);
  await writeFile(join(directory, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const install = ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock"] as const;
  const { exitCode } = await runCommand([...install, "--loglevel=error"], { cwd: directory, signal });
  if (exitCode !== 0) return undefined;
  const examples = published.examples.map(({ code, vm }, index) => ({ file: `example-${index + 1}.ts`, vm, code }));
  for (const { file, code } of examples) await writeFile(join(directory, file), code);
  return { published, directory, examples };
}
