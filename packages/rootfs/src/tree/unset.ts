/** What a layer says of a file and this process may not set on disk, mostly for lack of root. Plain data for JSON. */
export interface Unset {
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** A device node that was not made; nothing is on disk under its name. */
  readonly device?: {
    readonly type: "character" | "block";
    readonly major: number;
    readonly minor: number;
    /** Permission bits. */
    readonly mode: number;
  };
  /** Extended attributes by name, values in Base64. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

/** How many files lack what: each counts once per kind, under each of its names. */
export interface UnsetCounts {
  readonly owners: number;
  readonly devices: number;
  readonly xattrs: number;
}

export const NOTHING_UNSET: UnsetCounts = { owners: 0, devices: 0, xattrs: 0 };

export function countUnset(counts: UnsetCounts, unset: Unset): UnsetCounts {
  return {
    owners: counts.owners + (unset.owner === undefined ? 0 : 1),
    devices: counts.devices + (unset.device === undefined ? 0 : 1),
    xattrs: counts.xattrs + (unset.xattrs === undefined ? 0 : 1),
  };
}
