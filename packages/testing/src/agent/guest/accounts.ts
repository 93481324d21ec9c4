import type { FileTree } from "../files/file-tree.ts";
import type { Owner } from "../files/node.ts";

/** "user", "uid", "user:group" or "uid:gid" by the guest's own /etc/passwd and /etc/group; empty is root. Undefined: unknown. */
export function findOwner(files: FileTree, user: string): Owner | undefined {
  if (user === "") return { uid: 0, gid: 0 };
  const [name = "", group] = user.split(":");
  const account = lines(files, "/etc/passwd").find((fields) => fields[0] === name || fields[2] === name);
  const uid = account?.[2] ?? (/^\d+$/.test(name) ? name : undefined);
  const gid = group === undefined ? (account?.[3] ?? "0") : groupOf(files, group);
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

function groupOf(files: FileTree, group: string): string | undefined {
  const found = lines(files, "/etc/group").find((fields) => fields[0] === group);
  return found?.[2] ?? (/^\d+$/.test(group) ? group : undefined);
}

function lines(files: FileTree, path: string): string[][] {
  return Buffer.from(files.read(path))
    .toString()
    .split("\n")
    .map((line) => line.split(":"));
}
