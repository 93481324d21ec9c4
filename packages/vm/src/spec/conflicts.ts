import { relative } from "node:path/posix";
import { cardsOf } from "./network.ts";
import type { CheckedVmSpec } from "./vm-spec.ts";

/** What is right in each field and wrong together, one sentence for each. */
export function conflicts(spec: CheckedVmSpec): string[] {
  return [
    ...repeated(spec.shares, (share) => share.tag).map((index) => `shares.${index}.tag: is used twice`),
    ...repeated(spec.disks, ({ path }) => path).map((index) => `disks.${index}.path: is used twice`),
    ...repeated(spec.vsockPorts, ({ port }) => port).map((index) => `vsockPorts.${index}.port: is used twice`),
    ...repeated(spec.vsockPorts, ({ socketPath }) => socketPath).map(
      (index) => `vsockPorts.${index}.socketPath: is used twice`,
    ),
    ...(spec.network.kind === "tsi"
      ? repeated(spec.network.publish, ({ hostPort }) => hostPort).map(
          (index) => `network.publish.${index}.hostPort: is used twice`,
        )
      : []),
    ...repeated(cardsOf(spec.network), ({ mac }) => mac.toLowerCase()).map(
      (index) => `network.cards.${index}.mac: is used twice`,
    ),
    ...spec.shares.flatMap((share, index) =>
      "path" in share
        ? []
        : repeated(share.entries, ({ name }) => name).map((at) => `shares.${index}.entries.${at}.name: is used twice`),
    ),
    ...tooManyDevices(spec),
    ...writableWithinReadOnly(spec),
  ];
}

function repeated<T>(items: readonly T[], key: (item: T) => unknown): number[] {
  const seen = new Set<unknown>();
  return items.flatMap((item, index) => (seen.size === seen.add(key(item)).size ? [index] : []));
}

/** libkrun 1.17 has interrupts 5 to 15 for devices, and takes five itself: console, balloon, random numbers, root, vsock. */
const FREE_INTERRUPTS = 6;

function tooManyDevices(spec: CheckedVmSpec): string[] {
  const devices = spec.shares.length + spec.disks.length + Number(spec.streams) + cardsOf(spec.network).length;
  return devices <= FREE_INTERRUPTS
    ? []
    : [
        `shares: disks, streams and network cards are ${devices} devices together, and libkrun has interrupts for ${FREE_INTERRUPTS}`,
      ];
}

/**
 * A directory is made read-only by a bind mount that every share of the VM process passes through, so a writable share
 * below it would turn out read-only. The other way around works: the read-only part stays protected.
 */
function writableWithinReadOnly(spec: CheckedVmSpec): string[] {
  const directories = [
    { field: "root", ...spec.root },
    ...spec.shares.flatMap((share, index) => ("path" in share ? [{ field: `shares.${index}`, ...share }] : [])),
  ];
  const entries = spec.shares.flatMap((share, index) =>
    "path" in share ? [] : share.entries.map((entry, at) => ({ field: `shares.${index}.entries.${at}`, ...entry })),
  );
  const protectedDirectories = directories.filter((share) => share.readOnly);
  return [...directories, ...entries]
    .filter((share) => !share.readOnly)
    .flatMap((share) => {
      const around = protectedDirectories.find((outer) => holds(outer.path, share.path));
      return around === undefined
        ? []
        : [`${share.field}.path: is writable, but lies within the read-only ${around.field}`];
    });
}

function holds(outer: string, inner: string): boolean {
  return !/^\.\.(\/|$)/.test(relative(outer, inner));
}
