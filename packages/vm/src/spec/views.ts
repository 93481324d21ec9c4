import type { CheckedVmSpec, ShareEntry } from "./vm-spec.ts";

/** What the VM process finds where, in its own mount namespace: native/vm-host/PROTOCOL.md, "Start". */
export interface Views {
  /** Directories that become read-only in their own place: libkrun 1.17 has no read-only share. */
  readonly readOnly: readonly string[];
  /** What the directories hold that vm-host makes. */
  readonly composed: readonly (readonly ShareEntry[])[];
  /** Where the VM process finds each share, in their order. */
  readonly sharePaths: readonly string[];
}

/** Pure. */
export function planViews({ root, shares }: CheckedVmSpec): Views {
  const directories = [root, ...shares.filter((share) => "path" in share)];
  const readOnly = directories.filter((share) => share.readOnly).map(({ path }) => path);
  const composed: (readonly ShareEntry[])[] = [];
  const sharePaths = shares.map((share) => ("path" in share ? share.path : `/../${composed.push(share.entries) - 1}`));
  return { readOnly: [...new Set(readOnly)], composed, sharePaths };
}
