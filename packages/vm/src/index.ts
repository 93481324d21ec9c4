export { DEFAULT_LOG_BYTES, DEFAULT_LOG_FILES } from "@a3s/core";
export { VmError, type VmErrorCode } from "./errors/vm-error.ts";
export { type BootRoot, type BootRootOptions, publishBootRoot } from "./guest/boot-root.ts";
export { type CheckHostOptions, checkHost } from "./host/check-host.ts";
export type { HostFinding, HostFindingCode, HostReport } from "./host/finding.ts";
export type { KrunFunction, KrunVersion } from "./libkrun/api.ts";
export { type LibkrunBinding, openLibkrun } from "./libkrun/binding.ts";
export type { KrunCall } from "./libkrun/call.ts";
export type { KrunFeature } from "./libkrun/feature.ts";
export { type LibkrunFiles, type LibkrunPlaces, locateLibkrun } from "./libkrun/locate.ts";
export type { DroppedLog, VmLogEntry, VmLogGap, VmLogOutput } from "./log/log-entry.ts";
export { readVmLog, type VmLogOptions } from "./log/read-log.ts";
export { locateGuestAgent, locateVmHost, nodeVmHost } from "./native/programs.ts";
export { type AttachedVm, type AttachOptions, attachVm } from "./process/attach.ts";
export type { StartFailure } from "./process/exit-record.ts";
export { isAlive, type ProcessIdentity, readIdentity } from "./process/identity.ts";
export type { JailMeasure, JailMode } from "./process/jail.ts";
export { DEFAULT_START_TIMEOUT_MS, type LaunchOptions, launchVm } from "./process/launch.ts";
export type { VmEvidence } from "./process/start-error.ts";
export type { SignalName, VmExit, VmExitCause } from "./process/vm-exit.ts";
export type { StopOptions, VmProcess } from "./process/vm-process.ts";
export type { ProgramPeer, SocketPeer, VmCard, VmCardPeer } from "./spec/card.ts";
export type { VmDisk } from "./spec/disk.ts";
export type { VmNetwork } from "./spec/network.ts";
export { parseVmSpec } from "./spec/parse-vm-spec.ts";
export { planCalls } from "./spec/plan.ts";
export type {
  CheckedVmSpec,
  ComposedShare,
  DirectoryShare,
  ShareEntry,
  VmInit,
  VmLimits,
  VmRoot,
  VmShare,
  VmSpec,
  VsockPort,
} from "./spec/vm-spec.ts";
export { type JoinSwitchOptions, joinSwitch, type SwitchSeat } from "./switch/join-switch.ts";
export { awaitSwitchEnd, readSwitch, renameMember } from "./switch/speak-to-switch.ts";
export type { SwitchReading } from "./switch/switch-answer.ts";
export type { Station, SwitchMember, SwitchPlace } from "./switch/switch-place.ts";
