import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Packages that hold libkrun and its guest kernel, as dependencies of the platform package, and where in them. */
const LIBKRUN_PACKAGES: Readonly<Record<string, { readonly libkrun: string; readonly libkrunfw: string }>> = {
  "linux-x64": {
    libkrun: "@earendil-works/gondolin-krun-runner-linux-x64",
    libkrunfw: "@superradcompany/microsandbox-linux-x64-gnu",
  },
};
const LIBRARY_DIRECTORY = "lib";

/** What the platform package `@a3s/box-runtime-<platform>` says of itself. */
export interface PlatformPrograms {
  readonly vmHostPath: string;
  readonly guestAgentPath: string;
}

const PLATFORM = `${process.platform}-${process.arch}`;

/** Name of the package with the native parts for this platform. */
export const PLATFORM_PACKAGE = `@a3s/box-runtime-${PLATFORM}`;

/** Directories of the installed platform package's libraries; undefined when it, or one of its own, is not installed. */
export function packagedLibraryDirectories(): { readonly libkrun: string; readonly libkrunfw: string } | undefined {
  const packages = LIBKRUN_PACKAGES[PLATFORM];
  const manifest = resolveFrom(import.meta.url, `${PLATFORM_PACKAGE}/package.json`);
  if (packages === undefined || manifest === undefined) return undefined;
  const directory = (name: string) => {
    const own = resolveFrom(manifest, `${name}/package.json`);
    return own === undefined ? undefined : join(dirname(own), LIBRARY_DIRECTORY);
  };
  const [libkrun, libkrunfw] = [directory(packages.libkrun), directory(packages.libkrunfw)];
  return libkrun === undefined || libkrunfw === undefined ? undefined : { libkrun, libkrunfw };
}

/** Paths of the programs in the platform package; undefined when it is not installed or not built. */
export async function packagedPrograms(): Promise<PlatformPrograms | undefined> {
  const entry = resolveFrom(import.meta.url, PLATFORM_PACKAGE);
  if (entry === undefined) return undefined;
  const programs = (await import(pathToFileURL(entry).href)) as Partial<PlatformPrograms>;
  const { vmHostPath, guestAgentPath } = programs;
  return typeof vmHostPath === "string" && typeof guestAgentPath === "string"
    ? { vmHostPath, guestAgentPath }
    : undefined;
}

function resolveFrom(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}
