import { fchmodSync, fchownSync, statfsSync } from "node:fs";
import { type ByteString, readable } from "../bytes/byte-string.ts";
import { chmodAt, chownAt, setTime, setTimeAt, setXattr, setXattrAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";
import type { Attributes } from "../tar/entry.ts";
import type { Unset } from "../tree/unset.ts";
import { isRefusal, type Privileges } from "./privileges.ts";

/**
 * Sets owner, extended attributes, mode and time of an open file or directory, in the order in which none undoes another: chown clears
 * setuid bits and capabilities. Answers what could not be set.
 */
export function setAttributes(
  descriptor: number,
  name: ByteString,
  attributes: Attributes,
  privileges: Privileges,
): Unset | undefined {
  const owner = setOwner(attributes, privileges, () => fchownSync(descriptor, attributes.uid, attributes.gid));
  const xattrs = setXattrs(attributes, descriptor, (xattr, value) => setXattr(descriptor, xattr, value));
  fchmodSync(descriptor, attributes.mode);
  setTime(descriptor, attributes.mtime, name);
  return unsetOf(owner, xattrs);
}

/** The same for a new symbolic link, device node or FIFO, which are never opened. Links have no mode of their own. */
export function setAttributesAt(
  directory: number,
  name: ByteString,
  kind: "symlink" | "special",
  attributes: Attributes,
  privileges: Privileges,
): Unset | undefined {
  const owner = setOwner(attributes, privileges, () => chownAt(directory, name, attributes.uid, attributes.gid));
  const xattrs = setXattrs(attributes, directory, (xattr, value) => setXattrAt(directory, name, xattr, value));
  if (kind === "special") chmodAt(directory, name, attributes.mode);
  setTimeAt(directory, name, attributes.mtime);
  return unsetOf(owner, xattrs);
}

function setOwner(attributes: Attributes, privileges: Privileges, chown: () => void): Unset["owner"] {
  const { uid, gid } = attributes;
  if (uid === privileges.uid && gid === privileges.gid) return undefined;
  if (privileges.uid !== 0) return { uid, gid };
  try {
    chown();
    return undefined;
  } catch (error) {
    // Root of a user namespace may not give files to users that the namespace does not map.
    if (isRefusal(errnoCode(error))) return { uid, gid };
    throw error;
  }
}

function setXattrs(
  attributes: Attributes,
  descriptor: number,
  set: (name: ByteString, value: Uint8Array) => void,
): Unset["xattrs"] {
  let refused: Record<string, string> | undefined;
  for (const [name, value] of attributes.xattrs ?? []) {
    try {
      set(name, value);
    } catch (error) {
      const code = errnoCode(error);
      if (!isRefusal(code) && !(code === "ENOSPC" && hasSpace(descriptor))) throw error;
      refused ??= {};
      refused[readable(name)] = Buffer.from(value).toString("base64");
    }
  }
  return refused;
}

/** ext4 keeps a file's attributes in one block, and says that no space is left when they do not fit. */
function hasSpace(descriptor: number): boolean {
  return statfsSync(`/proc/self/fd/${descriptor}`).bavail > 0;
}

function unsetOf(owner: Unset["owner"], xattrs: Unset["xattrs"]): Unset | undefined {
  if (owner === undefined && xattrs === undefined) return undefined;
  return { ...(owner === undefined ? {} : { owner }), ...(xattrs === undefined ? {} : { xattrs }) };
}
