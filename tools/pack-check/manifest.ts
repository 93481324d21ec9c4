/** What we read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  /** The only architectures that it is for, as Node names them. */
  readonly cpu?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** Whether npm installs it on this machine. */
export function isForThisMachine({ cpu }: Manifest): boolean {
  return cpu?.includes(process.arch) ?? true;
}

/** How a user sees that an installed package is there: what runs with plain Node in the project, as arguments of `node`. */
export function smokeTests({ name, bin, exports }: Manifest): string[][] {
  const imports =
    exports?.["."] === undefined ? [] : [["--input-type=module", "--eval", `await import(${JSON.stringify(name)})`]];
  const commands = Object.values(bin ?? {}).map((path) => [`node_modules/${name}/${path}`, "--help"]);
  return [...imports, ...commands];
}

/**
 * The package.json of an empty project that installs one packed package. npm takes our other packages, wherever they
 * are needed, from their tarballs too: nothing of ours comes from a registry.
 */
export function projectManifest(name: string, tarballs: ReadonlyMap<string, string>): object {
  const others = [...tarballs].filter(([other]) => other !== name);
  return {
    private: true,
    type: "module",
    dependencies: { [name]: `file:${tarballs.get(name)}` },
    overrides: Object.fromEntries(others.map(([other, tarball]) => [other, `file:${tarball}`])),
  };
}
