import { relative } from "node:path/posix";
import type { CheckedVmSpec } from "./vm-spec.ts";

/** What is right in each field and wrong together, one sentence for each. */
export function conflicts(spec: CheckedVmSpec): string[] {
  return [
    ...repeated(spec.shares, (share) => share.tag).map((index) => `shares.${index}.tag: is used twice`),
    ...repeated(spec.vsockPorts, ({ port }) => port).map((index) => `vsockPorts.${index}.port: is used twice`),
    ...repeated(spec.vsockPorts, ({ socketPath }) => socketPath).map(
      (index) => `vsockPorts.${index}.socketPath: is used twice`,
    ),
    ...(spec.network.kind === "tsi"
      ? repeated(spec.network.publish, ({ hostPort }) => hostPort).map(
          (index) => `network.publish.${index}.hostPort: is used twice`,
        )
      : []),
    ...writableWithinReadOnly(spec),
  ];
}

function repeated<T>(items: readonly T[], key: (item: T) => unknown): number[] {
  const seen = new Set<unknown>();
  return items.flatMap((item, index) => (seen.size === seen.add(key(item)).size ? [index] : []));
}

/**
 * A directory is made read-only by a bind mount that every share of the VM process passes through, so a writable share
 * below it would turn out read-only. The other way around works: the read-only part stays protected.
 */
function writableWithinReadOnly(spec: CheckedVmSpec): string[] {
  const shares = [
    { field: "root", ...spec.root },
    ...spec.shares.map((share, index) => ({ field: `shares.${index}`, ...share })),
  ];
  const protectedShares = shares.filter((share) => share.readOnly);
  return shares
    .filter((share) => !share.readOnly)
    .flatMap((share) => {
      const around = protectedShares.find((outer) => holds(outer.path, share.path));
      return around === undefined
        ? []
        : [`${share.field}.path: is writable, but lies within the read-only ${around.field}`];
    });
}

function holds(outer: string, inner: string): boolean {
  return !/^\.\.(\/|$)/.test(relative(outer, inner));
}
