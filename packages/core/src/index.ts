export { type Compression, decompress, detectCompression, isDecoderError } from "./compression/decompress.ts";
export { type BoxConfig, type BoxConfigInput, parseBoxConfig } from "./config/box/box-config.ts";
export { MAX_DNS_SERVERS } from "./config/box/dns.ts";
export {
  DEFAULT_HEALTH_INTERVAL_MS,
  DEFAULT_HEALTH_RETRIES,
  DEFAULT_HEALTH_START_PERIOD_MS,
  DEFAULT_HEALTH_TIMEOUT_MS,
  type HealthCheckConfig,
} from "./config/box/health-check.ts";
export { DEFAULT_PULL_POLICY, type PullPolicy } from "./config/box/image.ts";
export { MAX_LABELS } from "./config/box/labels.ts";
export { DEFAULT_BOOT_TIMEOUT_MS, DEFAULT_STOP_GRACE_MS, MAX_LIFETIME_MS } from "./config/box/lifecycle.ts";
export { loadBoxConfig } from "./config/box/load-box-config.ts";
export {
  DEFAULT_LOG_BYTES,
  DEFAULT_LOG_FILES,
  MAX_LOG_FILES,
  MIN_LOG_BYTES,
  MIN_LOG_FILES,
} from "./config/box/logs.ts";
export {
  DEFAULT_NETWORK,
  isNetworkKind,
  isNetworkName,
  NETWORK_KINDS,
  type NetworkKind,
} from "./config/box/network.ts";
export { DEFAULT_HOST_ADDRESS, MAX_PORTS, type PortConfig } from "./config/box/port.ts";
export {
  DEFAULT_MEMORY_MIB,
  DEFAULT_VCPUS,
  MAX_DISK_MIB,
  MAX_MEMORY_MIB,
  MAX_VCPUS,
  MIN_CPUS,
  MIN_DISK_MIB,
  MIN_MEMORY_MIB,
  MIN_VM_OVERHEAD_MIB,
  MIN_VM_THREADS,
} from "./config/box/resources.ts";
export { DEFAULT_RESTART, parseRestart, type RestartPolicy, type RestartRule } from "./config/box/restart.ts";
export { DEFAULT_NEW_PRIVILEGES, DEFAULT_SECCOMP } from "./config/box/rights.ts";
export { type Ulimit, UNLIMITED } from "./config/box/ulimits.ts";
export type { VolumeConfig } from "./config/box/volume.ts";
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
export { FileChanges } from "./files/file-changes.ts";
export { unlessMissing } from "./files/unless-missing.ts";
export { syncDirectory, type WriteAtomicOptions, writeFileAtomic } from "./files/write-atomic.ts";
export { isFileLocked, tryFileLock, withFileLock } from "./lock/file-lock.ts";
export { makeFifo, tryFlock } from "./lock/flock.ts";
export { Turns } from "./lock/turns.ts";
export { type Deadline, type DeadlineOptions, raceSignal, startDeadline } from "./time/deadline.ts";
export { type BoxId, isBoxId, newBoxId } from "./values/box-id.ts";
export { type Digest, type DigestAlgorithm, digestParts, isDigest, parseDigest } from "./values/digest.ts";
export { LINUX_SIGNALS, type LinuxSignal, MAX_SIGNAL, parseSignal } from "./values/linux-signal.ts";
export { guestPlatform, type Platform, parsePlatform } from "./values/platform.ts";
export { limitValue, RESOURCES, type ResourceLimits, type ResourceName } from "./values/resource.ts";
export { isVolumeName, type VolumeName } from "./values/volume-name.ts";
