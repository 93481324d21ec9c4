import { Errno } from "./errno.ts";
import type { Directory, Node } from "./node.ts";

/** Where a path leads: a name in a directory, and what has it. The root has the name "". */
export interface Place {
  readonly parent: Directory;
  readonly name: string;
  readonly node: Node | undefined;
  /** The path ends in a slash: only a directory will do. */
  readonly mustBeDirectory: boolean;
}

/** Links that one path may lead through; that of Linux. */
const MAX_LINKS = 40;
const MAX_NAME_BYTES = 255;

/** Walks a path of a tree, as path_resolution(7) has it. */
export function lookUp(root: Directory, path: string, follow: boolean): Place {
  const mustBeDirectory = path.endsWith("/");
  const names = split(path);
  const stack: Directory[] = [root];
  let links = 0;
  let place: Place = { parent: root, name: "", node: root, mustBeDirectory };
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (Buffer.byteLength(name, "latin1") > MAX_NAME_BYTES) throw new Errno("ENAMETOOLONG", path);
    const directory = stack.at(-1) as Directory;
    if (name === "..") {
      if (stack.length > 1) stack.pop();
      place = { parent: root, name: "", node: stack.at(-1), mustBeDirectory };
      continue;
    }
    const node = directory.entries.get(name);
    const isLast = names.length === 0;
    if (node?.type === "symlink" && (!isLast || follow || mustBeDirectory)) {
      if (++links > MAX_LINKS) throw new Errno("ELOOP", path);
      if (node.target.startsWith("/")) stack.length = 1;
      names.unshift(...split(node.target));
      place = { parent: root, name: "", node: stack.at(-1), mustBeDirectory };
      continue;
    }
    place = { parent: directory, name, node, mustBeDirectory };
    if (isLast) break;
    if (node === undefined) throw new Errno("ENOENT", path);
    if (node.type !== "directory") throw new Errno("ENOTDIR", path);
    stack.push(node);
  }
  if (mustBeDirectory && place.node !== undefined && place.node.type !== "directory") throw new Errno("ENOTDIR", path);
  return place;
}

function split(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}
