import { constants } from "node:os";
import { failed, failedWith } from "../failure.ts";
import type { StartRequest } from "../request/start-request.ts";

/** Where the VM process finds what has a place in its tree. */
export type Places = (at: string) => string;

/** Where the start says: there is a tree. */
export const placesOfTree: Places = (at) => at;

/**
 * Where it is on the host, of which there is no other view. That a guest cannot write to something is no extra but what
 * was asked for, so whoever has something read-only gets no places. Pure.
 *
 * @throws StartFailed
 */
export function placesOfHost({ tree, readOnly }: StartRequest["jail"]): Places {
  const [path] = [...readOnly, ...tree.filter((entry) => entry.readOnly).flatMap((entry) => entry.path ?? [])];
  if (path !== undefined) {
    throw failedWith("jail", `${path} read-only, without a mount namespace`, constants.errno.EPERM);
  }
  return (at) => {
    for (const entry of tree) {
      const rest = at.slice(entry.at.length);
      if (entry.path !== null && at.startsWith(entry.at) && /^(?:\/|$)/.test(rest)) return `${entry.path}${rest}`;
    }
    throw failed("spec", at, "exists in a tree of its own only, which this jail has not");
  };
}
