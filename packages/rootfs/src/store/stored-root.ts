import type { RootEntries } from "./root-entries.ts";
import type { RootRecord } from "./root-record.ts";

/** A complete root in the store. */
export interface StoredRoot extends Omit<RootRecord, "version"> {
  /** The root directory; immutable, shared by everybody who uses the chain ID. */
  readonly path: string;
  /** What could not be set on disk, one JSON object a line; see `UnsetRecord`. */
  readonly unsetPath: string;
  /** Every file of the root, one JSON object a line; see `ManifestEntry`. */
  readonly manifestPath: string;
}

/** A root directory that is ready for use. */
export interface EnsuredRoot extends StoredRoot {
  /** Whether the store had it already. */
  readonly found: boolean;
}

export function storedRoot(entries: RootEntries, record: RootRecord): StoredRoot {
  const { version: _, ...rest } = record;
  const { root, unset, manifest } = entries.paths(record.chainId);
  return { ...rest, path: root, unsetPath: unset, manifestPath: manifest };
}
