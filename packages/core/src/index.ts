export { type Compression, decompress, detectCompression, isDecoderError } from "./compression/decompress.ts";
export {
  type BoxConfig,
  type BoxConfigInput,
  DEFAULT_BOOT_TIMEOUT_MS,
  DEFAULT_MEMORY_MIB,
  DEFAULT_STOP_GRACE_MS,
  DEFAULT_VCPUS,
  MAX_DISK_MIB,
  MAX_MEMORY_MIB,
  MAX_VCPUS,
  MIN_DISK_MIB,
  MIN_MEMORY_MIB,
  parseBoxConfig,
  type VolumeConfig,
} from "./config/box-config.ts";
export { type HomeLayout, homeLayout } from "./config/home.ts";
export { BoxError, type BoxErrorOptions } from "./errors/box-error.ts";
export { CoreError, type CoreErrorCode } from "./errors/core-error.ts";
export {
  EventBus,
  type EventGap,
  type EventMap,
  type EventRecord,
  type EventStreamOptions,
} from "./events/event-bus.ts";
export { inSteps } from "./events/in-steps.ts";
export { Operation, type OperationOptions, type OperationTask } from "./events/operation.ts";
export { unlessMissing } from "./files/unless-missing.ts";
export { syncDirectory, type WriteAtomicOptions, writeFileAtomic } from "./files/write-atomic.ts";
export { tryFileLock, withFileLock } from "./lock/file-lock.ts";
export { makeFifo, tryFlock } from "./lock/flock.ts";
export { Turns } from "./lock/turns.ts";
export { type Deadline, type DeadlineOptions, raceSignal, startDeadline } from "./time/deadline.ts";
export { type BoxId, isBoxId, newBoxId } from "./values/box-id.ts";
export { type Digest, type DigestAlgorithm, digestParts, isDigest, parseDigest } from "./values/digest.ts";
export { guestPlatform, type Platform } from "./values/platform.ts";
export { limitValue, RESOURCES, type ResourceLimits, type ResourceName } from "./values/resource.ts";
export { isVolumeName, type VolumeName } from "./values/volume-name.ts";
