export type {
  AgentFiles,
  AgentInfo,
  AgentProcesses,
  AgentSystem,
  AttachOptions,
  ExecCommand,
  ExecEvent,
  ExecOptions,
  ExecProcess,
  ExecResult,
  GuestDirent,
  GuestPath,
  GuestProcess,
  GuestStats,
  LinuxSignal,
  ProcessExit,
  StdinSource,
  SystemStats,
  TerminalSize,
} from "@a3s/agent-client";
export { type BoxConfig, type BoxConfigInput, BoxError, type BoxId, EventBus, type VolumeConfig } from "@a3s/core";
export { BootTimings, BoxMetrics } from "@a3s/metrics";
export {
  checkHost,
  type HostFinding,
  type HostReport,
  type JailMeasure,
  type JailMode,
  type VmExit,
  type VmLogEntry,
  type VmLogGap,
  type VmLogOptions,
  type VmLogOutput,
} from "@a3s/vm";
export type { BootStage } from "./boot/boot-stage.ts";
export type { MainExit } from "./boot/main-end.ts";
export type {
  Box,
  BoxCall,
  BoxChanges,
  BoxFilesOptions,
  BoxKillOptions,
  BoxRemoveOptions,
  BoxStartOptions,
  BoxStatsOptions,
  BoxStopOptions,
} from "./boxes/box.ts";
export type { BoxInspection, BoxMain, BoxStats, BoxSummary, NetworkUse } from "./boxes/box-description.ts";
export type { BoxExit, BoxIntent, BoxLife } from "./boxes/box-life.ts";
export type { BoxCreateOptions, Boxes, BoxListOptions, BoxPruneOptions } from "./boxes/boxes.ts";
export type { BoxesEvents } from "./boxes/boxes-events.ts";
export type { CopyInReport, CopyOptions } from "./copy/copy-in.ts";
export type { CopyOutOptions, CopyOutReport } from "./copy/copy-out.ts";
export { RuntimeError, type RuntimeErrorCode } from "./errors/runtime-error.ts";
export type { BoxEvents } from "./events.ts";
export type { BoxEvent } from "./history/history-entry.ts";
export type { HistoryEntry, HistoryFault, HistoryOptions } from "./history/read-history.ts";
export type { ImagePullOptions } from "./image/find-image.ts";
export type {
  Network,
  NetworkCall,
  NetworkCreateOptions,
  NetworkMember,
  NetworkSummary,
  Networks,
  NetworkTraffic,
} from "./networks/networks.ts";
export type { CommandRequest } from "./plan/command.ts";
export type { MainRequest } from "./plan/main-process.ts";
export { MAX_POOL_SIZE, WarmPool, type WarmPoolOptions } from "./pool/warm-pool.ts";
export type { MachineFinding, MachineFindingCode, MachineReport } from "./runtime/check-machine.ts";
export {
  type ImageCall,
  type ImagePruneOptions,
  type ImagePruneReport,
  type ImageSummary,
  Images,
} from "./runtime/images.ts";
export { createRuntime, type Runtime, type RuntimeOptions } from "./runtime/runtime.ts";
export type { BoxState } from "./state/box-state.ts";
export type { BoxHealth, BoxHealthCheck, BoxHealthStatus } from "./supervisor/health-state.ts";
export type { RestReason } from "./supervisor/restart-decision.ts";
export type { Supervisor } from "./supervisor/supervisor.ts";
export { VmManager } from "./vm-manager.ts";
export type { VmBootOptions, VmManagerOptions } from "./vm-manager-options.ts";
export { type Volume, type VolumeCall, type VolumeHold, Volumes } from "./volumes/volumes.ts";
