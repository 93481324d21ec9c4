export { type ArchiveTreeOptions, archiveTree } from "./archive/archive-tree.ts";
export { type ArchiveLimits, type ExtractReport, type ExtractTarOptions, extractTar } from "./archive/extract-tar.ts";
export { placeTree } from "./archive/place-tree.ts";
export { chainIdOf } from "./chain/chain-id.ts";
export { createDisk, type DiskOptions } from "./disk/create-disk.ts";
export { type EnsureRootOptions, ensureRoot, type LeasedRoot, leaseRoot } from "./ensure-root.ts";
export { RootfsError, type RootfsErrorCode } from "./errors/rootfs-error.ts";
export { RESERVED_ROOT_NAME } from "./layer/entry-name.ts";
export type { LayerSource } from "./layer/layer-source.ts";
export { DEFAULT_LAYER_LIMITS, type LayerLimits, RATIO_FREE_BYTES } from "./layer/limits.ts";
export type { RootDifference } from "./manifest/compare-entries.ts";
export type { ManifestEntry, NameBytes } from "./manifest/manifest-entry.ts";
export {
  type Disk,
  type GuestMount,
  type MountPlan,
  type MountRequest,
  planMounts,
  type RootMount,
  type Share,
  type ShareEntry,
  type TmpfsRequest,
  type VolumeRequest,
} from "./mounts/mount-plan.ts";
export type { NamedVolume } from "./mounts/volume.ts";
export type { UnsetRecord } from "./root/finish-root.ts";
export { measureTree, type TreeSize } from "./root/measure-tree.ts";
export { removeTree } from "./root/remove-tree.ts";
export type { RootEvent } from "./root-event.ts";
export { LowerStore, type RootLease } from "./store/lower-store.ts";
export { Pins } from "./store/pins.ts";
export type { PrunedRoot, PruneOptions, PruneReport } from "./store/prune.ts";
export { type StagedDirectory, Staging } from "./store/staging.ts";
export type { EnsuredRoot, StoredRoot } from "./store/stored-root.ts";
export type { ListedRoot, StoreUsage } from "./store/usage.ts";
export type { DamagedRoot, VerifyOptions, VerifyProgress, VerifyReport } from "./store/verify-roots.ts";
export type { Unset, UnsetCounts } from "./tree/unset.ts";
