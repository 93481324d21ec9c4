import { posix } from "node:path";

/**
 * The one spelling of an entry's name: `./a//b` is `a/b`. `undefined` for names that lead out of the archive, and for its top: nothing
 * is ever looked for under them.
 */
export function entryName(raw: string): string | undefined {
  if (raw.startsWith("/") || raw.includes("\0")) return undefined;
  const name = posix.normalize(raw).replace(/\/$/, "");
  return name === "." || name === "" || name === ".." || name.startsWith("../") ? undefined : name;
}

/** The name that a symbolic link in an archive leads to. */
export function symlinkTarget(link: string, target: string): string | undefined {
  return target.startsWith("/") ? undefined : entryName(posix.join(posix.dirname(link), target));
}
