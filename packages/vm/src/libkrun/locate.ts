import { readdir } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { VmError } from "../errors/vm-error.ts";
import { PLATFORM_PACKAGE, packagedLibraryDirectories } from "../native/platform-package.ts";

/** libkrun and the library with the guest's kernel, as absolute paths. */
export interface LibkrunFiles {
  readonly libkrun: string;
  readonly libkrunfw: string;
  /** Who said where: `A3S_LIBKRUN_DIR`, the platform package, or the system. */
  readonly source: "environment" | "package" | "system";
}

/** Where {@link locateLibkrun} looks; each has this process's own as its default. */
export interface LibkrunPlaces {
  readonly env?: NodeJS.ProcessEnv;
  /** Directories of the platform package's libraries; undefined when it is not installed. */
  readonly packaged?: { readonly libkrun: string; readonly libkrunfw: string } | undefined;
  /** Directories of the system, in order, after those of `LD_LIBRARY_PATH`. */
  readonly system?: readonly string[];
}

/** Where Linux distributions put libraries for x86-64 and AArch64, local ones first, as ld.so.conf files have them. */
const SYSTEM_DIRECTORIES = [
  "/usr/local/lib",
  "/usr/local/lib64",
  ...["x86_64-linux-gnu", "aarch64-linux-gnu"].flatMap((triple) => [`/lib/${triple}`, `/usr/lib/${triple}`]),
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
];

/** The major versions that work together: libkrun 1 opens libkrunfw 5. */
const LIBKRUN = "libkrun.so.1";
const LIBKRUNFW = "libkrunfw.so.5";

/**
 * Finds libkrun and libkrunfw: in `A3S_LIBKRUN_DIR` and nowhere else when that is set, else in the platform package, else
 * in the directories of the system. Both come from one place: a libkrun and a kernel that were never tried together
 * are worse than none.
 *
 * @throws VmError `LIBKRUN_MISSING`
 */
export async function locateLibkrun(places: LibkrunPlaces = {}): Promise<LibkrunFiles> {
  const env = places.env ?? process.env;
  const chosen = env["A3S_LIBKRUN_DIR"];
  if (chosen) {
    const files = isAbsolute(chosen) ? await findPair([chosen], [chosen]) : undefined;
    if (files !== undefined) return { ...files, source: "environment" };
    throw missing(`A3S_LIBKRUN_DIR is ${chosen}, which does not hold ${LIBKRUN} and ${LIBKRUNFW}`, [chosen]);
  }
  const packaged = "packaged" in places ? places.packaged : packagedLibraryDirectories();
  if (packaged !== undefined) {
    const files = await findPair([packaged.libkrun], [packaged.libkrunfw]);
    if (files !== undefined) return { ...files, source: "package" };
  }
  const loader = (env["LD_LIBRARY_PATH"] ?? "").split(":").filter(isAbsolute);
  const system = [...loader, ...(places.system ?? SYSTEM_DIRECTORIES)];
  const files = await findPair(system, system);
  if (files !== undefined) return { ...files, source: "system" };
  throw missing(`${LIBKRUN} and ${LIBKRUNFW} were not found`, system);
}

async function findPair(
  libkrunDirectories: readonly string[],
  libkrunfwDirectories: readonly string[],
): Promise<Pick<LibkrunFiles, "libkrun" | "libkrunfw"> | undefined> {
  const libkrun = await findLibrary(libkrunDirectories, LIBKRUN);
  const libkrunfw = await findLibrary(libkrunfwDirectories, LIBKRUNFW);
  return libkrun === undefined || libkrunfw === undefined ? undefined : { libkrun, libkrunfw };
}

/** `soname` itself, or the newest `soname.x.y` (packages that cannot hold symbolic links have only that one). */
async function findLibrary(directories: readonly string[], soname: string): Promise<string | undefined> {
  for (const directory of directories) {
    // A directory that is not there, or closed to us, holds nothing that could be loaded.
    const names: readonly string[] = await readdir(directory).catch(() => []);
    if (names.includes(soname)) return join(directory, soname);
    const [newest] = names
      .filter((name) => /^[\d.]+$/.test(name.slice(soname.length)) && name.startsWith(`${soname}.`))
      .sort((left, right) => right.localeCompare(left, "en", { numeric: true }));
    if (newest !== undefined) return join(directory, newest);
  }
  return undefined;
}

function missing(message: string, searched: readonly string[]): VmError {
  return new VmError({
    code: "LIBKRUN_MISSING",
    message,
    hint: `Install ${PLATFORM_PACKAGE} with its optional dependencies, or libkrun of your distribution, or set A3S_LIBKRUN_DIR to the directory that holds both libraries.`,
    details: { searched },
  });
}
