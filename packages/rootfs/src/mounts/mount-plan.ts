import type { VolumeName } from "@a3s/core";
import { orderTargets, parseTarget } from "./target.ts";
import { type NamedVolume, parseVolumeName } from "./volume.ts";

/** What the guest is to see of the host. */
export interface VolumeRequest {
  /** Absolute path of a directory or a file on the host, of any bytes but NUL; or the name of a volume. */
  readonly source: string;
  /** Absolute path in the guest. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** Memory that the guest is to see as an empty directory. */
export interface TmpfsRequest {
  /** Absolute path in the guest. */
  readonly target: string;
  /** Half of the guest's memory by default. */
  readonly sizeMib?: number | undefined;
  /** Permission bits of the directory, the sticky bit included; 0o1777 by default. */
  readonly mode?: number | undefined;
}

/** What a guest is to see. */
export interface MountRequest {
  /** Whether the root stays as the image has it; otherwise a layer over it takes what is written. */
  readonly readOnly: boolean;
  /** Size of that layer on a disk of its own; by default it lives in the guest's memory, of which it takes half at most. */
  readonly diskMib?: number | undefined;
  readonly volumes: readonly VolumeRequest[];
  /** Absolute path of the directory that holds named volumes; without it there are none. */
  readonly volumesDirectory?: string | undefined;
  readonly tmpfs: readonly TmpfsRequest[];
}

/**
 * A directory that the VM gets over virtio-fs, composed for it: it holds the entries and nothing else, so a single file comes
 * without its siblings, and one directory can be there twice, with different rights.
 */
export interface Share {
  /** Names it in the guest; at most 36 bytes (virtio-spec, File System Device, Device configuration layout). */
  readonly tag: string;
  readonly entries: readonly ShareEntry[];
}

/** See {@link Share}. */
export interface ShareEntry {
  /** Names it in the share. */
  readonly name: string;
  /** Absolute path on the host. */
  readonly path: string;
  readonly readOnly: boolean;
}

/** One mount in the guest beside its root. */
export type GuestMount =
  | {
      readonly kind: "virtio-fs";
      /** Of the {@link Share}. */
      readonly tag: string;
      /** Of the {@link ShareEntry}. */
      readonly entry: string;
      readonly target: string;
      readonly readOnly: boolean;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly readOnly: false;
      /** 0 means half of the guest's memory. */
      readonly sizeBytes: number;
      readonly mode: number;
    };

/** How the guest makes its root. */
export interface RootMount {
  /** Under which tag the image's immutable root directory is shared, read-only. */
  readonly lowerTag: string;
  readonly readOnly: boolean;
  /** The disk that the writable layer lives on; undefined for the guest's memory. */
  readonly upperDevice: string | undefined;
}

/** A disk that is to be made, empty, with {@link createDisk}. */
export interface Disk {
  readonly sizeMib: number;
}

/** Both sides of what a guest sees: what the VM is given, and what the guest makes of it, by the same tags and rights. Plain data. */
export interface MountPlan {
  readonly root: RootMount;
  /** What the VM is given as `/dev/vda`, `/dev/vdb` and so on, in this order. */
  readonly disks: readonly Disk[];
  /** Each once. */
  readonly volumes: readonly NamedVolume[];
  /** What is shared beside it: at most one share, because a VM of libkrun takes few devices. */
  readonly shares: readonly Share[];
  /** In the order in which they have to be made: what lies beneath another mount comes after it. */
  readonly mounts: readonly GuestMount[];
}

const LOWER_TAG = "a3s.lower";
const VOLUMES_TAG = "a3s.volumes";
const UPPER_DEVICE = "/dev/vda";
const MIB = 1024 * 1024;

/**
 * Plans what a guest sees. A source that several volumes name with the same rights is shared once.
 *
 * @throws {@link RootfsError} `MOUNT_INVALID` with `details.target`: a target that is relative, leaves or is the root, belongs to the
 *   kernel, or is taken twice; with `details.source`: one that is neither an absolute path nor names a volume.
 */
export function planMounts({ readOnly, diskMib, volumes, volumesDirectory, tmpfs }: MountRequest): MountPlan {
  const entries: ShareEntry[] = [];
  const named = new Map<VolumeName, NamedVolume>();
  const pathOf = (source: string): string => {
    if (source.startsWith("/")) return source;
    const volume = parseVolumeName(source, volumesDirectory);
    named.set(source, volume);
    return volume.path;
  };
  const entryOf = ({ source, readOnly }: VolumeRequest): string => {
    const path = pathOf(source);
    const known = entries.find((entry) => entry.path === path && entry.readOnly === readOnly);
    if (known !== undefined) return known.name;
    const name = String(entries.length);
    entries.push({ name, path, readOnly });
    return name;
  };
  const mounts: readonly GuestMount[] = [
    ...volumes.map((volume) => ({
      kind: "virtio-fs" as const,
      tag: VOLUMES_TAG,
      entry: entryOf(volume),
      target: parseTarget(volume.target),
      readOnly: volume.readOnly,
    })),
    ...tmpfs.map(({ target, sizeMib = 0, mode = 0o1777 }) => ({
      kind: "tmpfs" as const,
      target: parseTarget(target),
      readOnly: false as const,
      sizeBytes: sizeMib * MIB,
      mode,
    })),
  ];
  const shares = entries.length === 0 ? [] : [{ tag: VOLUMES_TAG, entries }];
  // A root that nobody writes to needs no disk.
  const disks = diskMib === undefined || readOnly ? [] : [{ sizeMib: diskMib }];
  const upperDevice = disks.length === 0 ? undefined : UPPER_DEVICE;
  return {
    root: { lowerTag: LOWER_TAG, readOnly, upperDevice },
    disks,
    volumes: [...named.values()],
    shares,
    mounts: orderTargets(mounts),
  };
}
