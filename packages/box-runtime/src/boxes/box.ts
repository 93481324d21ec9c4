import type { AgentFiles, AttachOptions, ExecCommand, ExecOptions, ExecProcess, LinuxSignal } from "@a3s/agent-client";
import type { BoxConfig, BoxConfigInput, BoxId } from "@a3s/core";
import type { VmLogEntry, VmLogOptions } from "@a3s/vm";
import type { CopyInReport, CopyOptions } from "../copy/copy-in.ts";
import type { CopyOutOptions, CopyOutReport } from "../copy/copy-out.ts";
import type { BoxInspection, BoxStats } from "./box-description.ts";
import type { BoxExit, BoxLife } from "./box-life.ts";

/** Options of every call. */
export interface BoxCall {
  /** Ends the call with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link Box.start}. */
export interface BoxStartOptions extends BoxCall {
  /** The main process starts with the first {@link Box.attach}, which misses no byte of it; false by default. */
  readonly onAttach?: boolean | undefined;
}

/** Options of {@link Box.stop} and {@link Box.restart}. */
export interface BoxStopOptions extends BoxCall {
  /** From asking the processes to end to killing them, in milliseconds; the configuration's `stopGraceMs` by default. */
  readonly graceMs?: number | undefined;
  /** Asks the main process to end; the configuration's `stopSignal`, else the image's, by default. */
  readonly signalName?: LinuxSignal | number | undefined;
}

/** Options of {@link Box.kill}. */
export interface BoxKillOptions extends BoxCall {
  /** For the main process; SIGKILL by default. */
  readonly signalName?: LinuxSignal | number | undefined;
}

/** Options of removing a box. */
export interface BoxRemoveOptions extends BoxCall {
  /** Ends the box when it runs, and removes a damaged one; false by default. */
  readonly force?: boolean | undefined;
  /** Removes its named volumes as well, those that another box has excepted; false by default. */
  readonly volumes?: boolean | undefined;
}

/** Options of {@link Box.withFiles}. */
export interface BoxFilesOptions extends BoxCall {
  /** The task writes nothing; false by default. */
  readonly readOnly?: boolean | undefined;
}

/** Options of {@link Box.stats}. */
export interface BoxStatsOptions extends BoxCall {
  /** From one reading to the next, in milliseconds, 100 up; 1000 by default. */
  readonly intervalMs?: number | undefined;
}

/** What {@link Box.update} can change, in the fields and units of the configuration. */
export interface BoxChanges extends Partial<Pick<BoxConfigInput, "labels" | "stopGraceMs" | "restart">> {
  /** Fields that are left out stay as the box has them; null: it has no health check any more. */
  readonly healthCheck?: BoxConfigInput["healthCheck"] | null;
  /** Null: it may live as long as it does. */
  readonly lifetimeMs?: BoxConfigInput["lifetimeMs"] | null;
}

/**
 * A box that outlives whoever made it: its files are in the home directory, and its VM belongs to no process. Any number of handles, in any
 * number of processes, may be of the same box.
 *
 * The handle shows the box as it was when it last looked: when it was got, and after each of its own calls. `exec`, `attach` and `files`
 * need a handle that has seen the box running; {@link refresh} looks again.
 *
 * What a box writes to its root stays for its next start when it has a disk (`diskMib`), and is gone with its VM otherwise.
 *
 * Disposing of a handle lets go of the box, which runs on: until then, its connection to the agent may keep the process alive. Only a
 * box with `autoRemove` is ended and removed, by the handle that made it.
 */
export interface Box extends AsyncDisposable {
  readonly id: BoxId;
  readonly name: string;
  readonly config: BoxConfig;
  readonly labels: Readonly<Record<string, string>>;
  /** ISO 8601 */
  readonly createdAt: string;
  /** What it did when this handle last looked. */
  readonly state: BoxLife;
  /** How its last run ended; undefined while it runs, and when it never did. */
  readonly exit: BoxExit | undefined;

  /** Looks again. @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED` */
  refresh(call?: BoxCall): Promise<void>;

  /**
   * Boots the VM, and waits until the agent is healthy; a box that runs stays as it is. It runs on when this process ends. A start that
   * fails leaves the box stopped, its log included, with an `exit` that says why.
   *
   * @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED`, `BOOT_FAILED`, `BOOT_TIMEOUT`, `HOST_UNFIT`, `NETWORK_UNENFORCEABLE`,
   * `VOLUME_INVALID`; RootfsError `ROOT_NOT_FOUND` and of disks; VmError; AgentError `COMMAND_*`, `EXEC_*` of a main process that
   * cannot be started (`details.exitCode` 126, 127); the signal's reason.
   */
  start(options?: BoxStartOptions): Promise<void>;

  /**
   * Asks the main process to end by its stop signal, then the others; kills what is left after the grace and powers off. A box that does not
   * run stays as it is.
   *
   * @returns how it ended; undefined for a box that never ran.
   * @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED`; the signal's reason: what was asked for stays asked.
   */
  stop(options?: BoxStopOptions): Promise<BoxExit | undefined>;

  /**
   * Sends a signal to the main process. After SIGKILL, the default, it waits until the VM has ended; a guest that does not answer is ended
   * from outside. A restart policy leaves alone what ends after SIGKILL or the stop signal of the box, and, where neither its configuration nor
   * its image names one, after SIGINT, SIGQUIT or SIGTERM.
   *
   * @throws RuntimeError `STATE_INVALID` for a box that does not run, `BOX_NOT_FOUND`, `BOX_DAMAGED`; AgentError `EXEC_INVALID`
   */
  kill(options?: BoxKillOptions): Promise<void>;

  /** {@link stop}, and {@link start}. */
  restart(options?: BoxStopOptions): Promise<void>;

  /**
   * How the box's run ends; at once for one that has ended.
   *
   * @throws RuntimeError `STATE_INVALID` for a box that was never started; `BOX_NOT_FOUND`; the signal's reason.
   */
  wait(call?: BoxCall): Promise<BoxExit>;

  /** As that of `VmManager`. @throws RuntimeError `STATE_INVALID` */
  exec(command: ExecCommand, options?: ExecOptions): ExecProcess;

  /** `sh` on a terminal: {@link exec} of it with `tty`. @throws RuntimeError `STATE_INVALID` */
  shell(options?: ExecOptions): ExecProcess;

  /**
   * Joins the main process: its output from here on, and its stdin if it has one. The end of the call does not end the process.
   * A signal by the handle is one from within, which asks nobody's restart policy to leave the box alone: {@link kill} does.
   *
   * @throws RuntimeError `STATE_INVALID`; the handle rejects as that of `processes.attach`.
   */
  attach(options?: AttachOptions): ExecProcess;

  /** Files of the box, by the names of `node:fs/promises`. @throws RuntimeError `STATE_INVALID` */
  readonly files: AgentFiles;

  /**
   * Runs a task with the files of the box, whether it runs or not. One that does not is booted for it, without its main process and its
   * network: that takes the time of a boot and the lock of the box, and changes nothing but files. It sees what its next start would, but for
   * `tmpfs`, which only a run has. Without a disk (`diskMib`) it keeps nothing, so that the task has to say that it only reads.
   *
   * @throws RuntimeError `STATE_INVALID` for a box without a disk that does not run, `BOX_NOT_FOUND`, `BOX_DAMAGED`; what {@link start} and
   * the task throw; the signal's reason.
   */
  withFiles<T>(task: (files: AgentFiles) => Promise<T>, options?: BoxFilesOptions): Promise<T>;

  /**
   * As that of `VmManager`, also into a box that does not run, if it has a disk: see {@link withFiles}.
   *
   * @throws RuntimeError `STATE_INVALID`, `COPY_INVALID`, `COPY_FAILED`; AgentError `FILE_*`; what {@link withFiles} throws.
   */
  copyIn(hostPath: string, guestPath: string, options?: CopyOptions): Promise<CopyInReport>;

  /**
   * As that of `VmManager`, also out of a box that does not run: see {@link withFiles}.
   *
   * @throws RuntimeError `COPY_INVALID`, `COPY_FAILED`; AgentError `FILE_*`; what {@link withFiles} throws.
   */
  copyOut(guestPath: string, hostPath: string, options?: CopyOutOptions): Promise<CopyOutReport>;

  /** What all its runs have said, console and main process, in order; with `follow`, until the run that is under way has ended. */
  logs(options?: VmLogOptions): AsyncIterable<VmLogEntry>;

  /** Readings of what the box uses, the first at once, until it ends or the reader leaves. @throws RuntimeError `STATE_INVALID` */
  stats(options?: BoxStatsOptions): AsyncIterable<BoxStats>;

  /** All that is known of it now. @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED` */
  inspect(call?: BoxCall): Promise<BoxInspection>;

  /**
   * Changes what counts from now on, or from its next stop or restart; what is left out stays.
   *
   * @throws CoreError `CONFIG_INVALID`; RuntimeError `COMMAND_MISSING` for a health check without a command, `BOX_INVALID`, `BOX_NOT_FOUND`,
   * `BOX_DAMAGED`
   */
  update(changes: BoxChanges, call?: BoxCall): Promise<void>;

  /** Gives it another name. @throws RuntimeError `BOX_NAME_INVALID`, `BOX_NAME_TAKEN`, `BOX_NOT_FOUND`, `BOX_DAMAGED` */
  rename(name: string, call?: BoxCall): Promise<void>;

  /** Removes the box, its log and its disk. @throws RuntimeError `BOX_RUNNING` without `force`, `BOX_NOT_FOUND` */
  remove(options?: BoxRemoveOptions): Promise<void>;
}
