import { basename, dirname } from "node:path/posix";
import { cardsOf } from "./network.ts";
import type { CheckedVmSpec, VmShare, VsockPort } from "./vm-spec.ts";

/** One thing of the host in the file tree of the VM process: native/vm-host/PROTOCOL.md, "Start". */
export interface TreeEntry {
  /** Where the VM process finds it. */
  readonly at: string;
  /** Where it is on the host; null: an empty directory. */
  readonly path: string | null;
  readonly readOnly: boolean;
}

/** The file tree of the VM process, and where in it is what. */
export interface Tree {
  /** Directories that become read-only in their own place as well: no other share, nor a part of one, gets around that. */
  readonly readOnly: readonly string[];
  readonly entries: readonly TreeEntry[];
  readonly root: string;
  /** In the order of the specification, as are the others. */
  readonly shares: readonly string[];
  readonly disks: readonly string[];
  readonly sockets: readonly string[];
  /** Null for a card that leads to a program. */
  readonly cards: readonly (string | null)[];
}

/** Pure. */
export function planTree({ root, shares, disks, vsockPorts, network }: CheckedVmSpec): Tree {
  const directories = [root, ...shares.filter((share) => "path" in share)];
  const readOnly = directories.filter((share) => share.readOnly).map(({ path }) => path);
  const rootEntry = { at: "/root", path: root.path, readOnly: root.readOnly };
  const shareEntries = shares.map((share, index) => planShare(share, `/shares/${index}`));
  const diskEntries = disks.map((disk, index) => ({
    at: `/disks/${index}`,
    path: disk.path,
    readOnly: disk.readOnly,
  }));
  const sockets = vsockPorts.map((port, index) => planSocket(port, `/sockets/${index}`));
  const cards = cardsOf(network).map(({ peer }, index) =>
    "socketPath" in peer ? { at: `/cards/${index}`, path: peer.socketPath, readOnly: false } : null,
  );
  return {
    readOnly: [...new Set(readOnly)],
    entries: [
      rootEntry,
      ...shareEntries.flat(),
      ...diskEntries,
      ...sockets.map(({ entry }) => entry),
      ...cards.filter((card) => card !== null),
    ],
    root: rootEntry.at,
    shares: shares.map((_, index) => `/shares/${index}`),
    disks: diskEntries.map(({ at }) => at),
    sockets: sockets.map(({ place }) => place),
    cards: cards.map((card) => card?.at ?? null),
  };
}

function planShare(share: VmShare, at: string): readonly TreeEntry[] {
  if ("path" in share) return [{ at, path: share.path, readOnly: share.readOnly }];
  if (share.entries.length === 0) return [{ at, path: null, readOnly: true }];
  return share.entries.map(({ name, path, readOnly }) => ({ at: `${at}/${name}`, path, readOnly }));
}

/** A socket that exists comes alone; to make one libkrun needs the directory, with whatever else is in it. */
function planSocket({ socketPath, direction }: VsockPort, at: string): { entry: TreeEntry; place: string } {
  if (direction === "guest-connects") return { entry: { at, path: socketPath, readOnly: false }, place: at };
  const entry = { at, path: dirname(socketPath), readOnly: false };
  return { entry, place: `${at}/${basename(socketPath)}` };
}
