import { accessSync } from "node:fs";
import { attempt, fault } from "./failure.ts";
import type { StartRequest } from "./start-request.ts";

/**
 * Where things are on the host: this program has no file tree of its own to show the VM. So a place has to be an entry's, or below one;
 * a share that is composed of entries has none.
 *
 * @throws HostFailure of the stage `jail`
 */
export function findPlaces(tree: StartRequest["jail"]["tree"]): (at: string) => string {
  for (const { path } of tree) if (path !== null) attempt("jail", path, () => accessSync(path));
  return (at) => {
    const entry = tree.find((each) => at === each.at || at.startsWith(`${each.at}/`));
    if (entry === undefined || entry.path === null) {
      throw fault("jail", "private-tree", `${at} would be a directory of a file tree that this vm-host cannot make`);
    }
    return `${entry.path}${at.slice(entry.at.length)}`;
  };
}
