import type { ByteString } from "../bytes/byte-string.ts";
import { layerFault } from "../errors/layer-fault.ts";
import type { LayerLimits } from "./limits.ts";

/** What the name of an entry asks for. `parents` are names from the root on, without symbolic links resolved. */
export type EntryName =
  | { readonly kind: "root" }
  | { readonly kind: "entry" | "whiteout"; readonly parents: readonly ByteString[]; readonly name: ByteString }
  /** Hides all that lower layers have in the directory. */
  | { readonly kind: "opaque"; readonly directory: readonly ByteString[] }
  /** Bookkeeping of AUFS, which image-spec layer.md tells to ignore. */
  | { readonly kind: "ignored" };

type NameLimits = Pick<LayerLimits, "maxPathBytes" | "maxDepth">;

const WHITEOUT = ".wh.";
const AUFS = ".wh..wh.";
const OPAQUE = ".wh..wh..opq";

/** Name in the root directory that belongs to the runtime. */
export const RESERVED_ROOT_NAME = ".a3s";

/**
 * Reads the name of an entry by image-spec layer.md.
 *
 * @throws RootfsError `LAYER_ESCAPE`, `LAYER_INVALID`, `LAYER_RESERVED`, `LAYER_TOO_LARGE`
 */
export function readEntryName(path: ByteString, limits: NameLimits): EntryName {
  const names = cleanPath(path, limits);
  const name = names.at(-1);
  if (name === undefined) return { kind: "root" };
  if (names[0] === RESERVED_ROOT_NAME)
    throw layerFault("LAYER_RESERVED", `/${RESERVED_ROOT_NAME} belongs to the runtime`);
  const parents = names.slice(0, -1);
  if (parents.some(isAufs) || (isAufs(name) && name !== OPAQUE)) return { kind: "ignored" };
  if (parents.some((parent) => parent.startsWith(WHITEOUT)))
    throw layerFault("LAYER_INVALID", "An entry is inside a whiteout");
  if (name === OPAQUE) return { kind: "opaque", directory: parents };
  if (!name.startsWith(WHITEOUT)) return { kind: "entry", parents, name };
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === "..") throw layerFault("LAYER_ESCAPE", "A whiteout names the parent directory");
  if (hidden === "" || hidden === ".") throw layerFault("LAYER_INVALID", "A whiteout names nothing");
  return { kind: "whiteout", parents, name: hidden };
}

/** The target of a hard link: names from the root on. @throws as {@link readEntryName} */
export function readHardLinkTarget(path: ByteString, limits: NameLimits) {
  const names = cleanPath(path, limits);
  const name = names.at(-1);
  if (name === undefined) throw layerFault("LAYER_INVALID", "A hard link points to the root directory");
  if (names.some((each) => each.startsWith(WHITEOUT)))
    throw layerFault("LAYER_INVALID", "A hard link points to a whiteout");
  return { parents: names.slice(0, -1), name };
}

/**
 * Names of a path from the root on. A leading slash means nothing, `.` and empty names vanish, and `..` takes the name before it
 * away as text, before any link is looked at (as Go's filepath.Clean does for container runtimes).
 */
export function cleanPath(path: ByteString, limits: NameLimits): readonly ByteString[] {
  if (path.length > limits.maxPathBytes) throw layerFault("LAYER_TOO_LARGE", `A path has ${path.length} bytes`);
  const names: ByteString[] = [];
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.pop() === undefined) throw layerFault("LAYER_ESCAPE", "A path leaves the root directory");
  }
  if (names.length > limits.maxDepth) throw layerFault("LAYER_TOO_LARGE", `A path is ${names.length} names deep`);
  return names;
}

function isAufs(name: ByteString): boolean {
  return name.startsWith(AUFS);
}
