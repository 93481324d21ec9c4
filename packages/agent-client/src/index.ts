export type { ResourceLimits, ResourceName } from "@a3s/core";
export {
  AgentClient,
  type ConnectAgentOptions,
  connectAgent,
  type HealthOptions,
  type ShutdownOptions,
} from "./client/agent-client.ts";
export type { AgentHealth } from "./client/agent-health.ts";
export type { AgentInfo } from "./client/agent-info.ts";
export { type Doorbell, type DoorbellOptions, listenDoorbell } from "./doorbell/doorbell.ts";
export type { GuestConfig, GuestMount, GuestRoot } from "./doorbell/guest-config.ts";
export type { GuestInterface } from "./doorbell/guest-interface.ts";
export type { GuestMain, GuestMainOptions } from "./doorbell/guest-main.ts";
export type { GuestHost, GuestResolver } from "./doorbell/guest-names.ts";
export type { GuestHello, GuestReady, GuestStage } from "./doorbell/guest-ready.ts";
export { AgentError, type AgentErrorCode } from "./errors/agent-error.ts";
export type { ExecEvent, ExecExitEvent, ExecOutputEvent, ExecStartedEvent } from "./exec/exec-event.ts";
export {
  type CapabilityOptions,
  DEFAULT_EXEC_ENV,
  DEFAULT_MAX_BUFFER_BYTES,
  type ExecCommand,
  type ExecOptions,
  type SeccompProfile,
} from "./exec/exec-options.ts";
export type { ExecProcess } from "./exec/exec-process.ts";
export type { ExecOutcome, ExecResult } from "./exec/exec-result.ts";
export type { LinuxSignal } from "./exec/linux-signal.ts";
export type { StdinSource } from "./exec/stdin-source.ts";
export { DEFAULT_TERMINAL_SIZE, type TerminalSize } from "./exec/terminal-size.ts";
export { AgentFiles, type MkdirOptions, type RmOptions } from "./files/agent-files.ts";
export type { ContentSource } from "./files/content-source.ts";
export type { CpOptions } from "./files/copy-within.ts";
export type { FileOptions, TransferOptions } from "./files/file-call.ts";
export type { FileTime } from "./files/file-time.ts";
export type { GuestDirent } from "./files/guest-dirent.ts";
export type { GuestPath } from "./files/guest-path.ts";
export type { GuestFileType, GuestStats } from "./files/guest-stats.ts";
export type { GuestChange, GuestChangeType, GuestWatch } from "./files/guest-watch.ts";
export { DEFAULT_MAX_ENTRIES, type ReaddirOptions } from "./files/list-directory.ts";
export { DEFAULT_MAX_READ_BYTES, type ReadFileOptions, type ReadStreamOptions } from "./files/read-content.ts";
export type { DownloadTarOptions, UploadTarOptions } from "./files/tar-content.ts";
export type { WriteFileOptions } from "./files/write-content.ts";
export type { AgentProcesses, KillOptions, ProcessExit } from "./processes/agent-processes.ts";
export type { AttachOptions } from "./processes/attach-plan.ts";
export type { GuestProcess } from "./processes/guest-process.ts";
export type { ProcessId } from "./processes/process-id.ts";
export { AGENT_PORT, AGENT_PROTOCOL, DOORBELL_PORT } from "./protocol.ts";
export { type CallOptions, DEFAULT_CALL_TIMEOUT_MS } from "./session/call.ts";
export {
  DEFAULT_KEEP_ALIVE_INTERVAL_MS,
  DEFAULT_KEEP_ALIVE_TIMEOUT_MS,
  type KeepAliveOptions,
} from "./session/keep-alive.ts";
export { MAX_SOCKET_PATH_BYTES } from "./socket/socket-path.ts";
export type { AgentSystem } from "./system/agent-system.ts";
export type { SystemStats } from "./system/system-stats.ts";
