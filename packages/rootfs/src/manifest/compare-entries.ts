import { readable } from "../bytes/byte-string.ts";
import { byteStringOf, ENTRY_FIELDS, type ManifestEntry } from "./manifest-entry.ts";

/** How a root differs from its manifest in one file; plain data. */
export type RootDifference = {
  /** Below the root, without a leading slash; empty for the root itself. */
  readonly path: string;
} & (
  | { readonly kind: "missing" | "extra" }
  | {
      readonly kind: "changed";
      readonly field: (typeof ENTRY_FIELDS)[number];
      /** As in the manifest; undefined where that has nothing. */
      readonly expected: unknown;
      readonly actual: unknown;
    }
);

/** Every field of a file that is not as the manifest says. Of a file of another type, the type alone: nothing else can be compared. */
export function compareEntries(expected: ManifestEntry, actual: ManifestEntry): readonly RootDifference[] {
  const path = readable(byteStringOf(expected.path));
  const fields = expected.type === actual.type ? ENTRY_FIELDS : (["type"] as const);
  return fields
    .filter((field) => JSON.stringify(expected[field]) !== JSON.stringify(actual[field]))
    .map((field) => ({ path, kind: "changed", field, expected: expected[field], actual: actual[field] }));
}
