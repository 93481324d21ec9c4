import type {
  AgentFiles,
  AgentInfo,
  AgentProcesses,
  AgentSystem,
  AttachOptions,
  ExecCommand,
  ExecOptions,
  ExecProcess,
} from "@a3s/agent-client";
import { type BoxConfig, parseSignal } from "@a3s/core";
import type { BoxMetrics } from "@a3s/metrics";
import type { BootedBox } from "./boot/boot-box.ts";
import { type CopyInReport, type CopyOptions, copyIn } from "./copy/copy-in.ts";
import { type CopyOutOptions, type CopyOutReport, copyOut } from "./copy/copy-out.ts";
import { boxProcess } from "./plan/box-process.ts";
import { type CommandRequest, planMainProcess } from "./plan/command.ts";
import { type CommandPlace, startCommand } from "./start-command.ts";

/** What is done in a box that is up: commands, files and the guest as a whole. `VmManager` adds the box's life. */
export abstract class GuestAccess {
  abstract readonly config: BoxConfig;
  readonly #metrics: BoxMetrics | undefined;

  constructor(metrics: BoxMetrics | undefined) {
    this.#metrics = metrics;
  }

  /** The box, if it is up. @throws RuntimeError `STATE_INVALID` */
  protected abstract booted(what: string): BootedBox;

  /** What the guest says of itself. @throws RuntimeError `STATE_INVALID` */
  async info(options: { readonly signal?: AbortSignal } = {}): Promise<AgentInfo> {
    return await this.booted("info").agent.info(options);
  }

  /**
   * Starts a process in the box, in the environment, working directory and user of the configuration or else the image, with the
   * configuration's `ulimits` and `capabilities`, unless given. The handle is
   * awaited for the whole result, iterated or read as streams for its output as it comes. A non-zero exit code is data. A
   * string is a line for the image's `/bin/sh -c`.
   *
   * @throws RuntimeError `STATE_INVALID`
   */
  exec(command: ExecCommand, options: ExecOptions = {}): ExecProcess {
    return startCommand(this.#place("exec"), command, options);
  }

  /**
   * Joins the main process: its output from here on, and its stdin. The first who attaches to one with `start: "attach"` starts it and
   * misses nothing. The end of the call does not end the process.
   *
   * @throws RuntimeError `STATE_INVALID`; the handle rejects as that of `processes.attach`.
   */
  attach(options: AttachOptions = {}): ExecProcess {
    return this.booted("attach").agent.processes.attach("main", options);
  }

  /** The main process, and what `exec` and `run` have started in the box and still runs. @throws RuntimeError `STATE_INVALID` */
  get processes(): AgentProcesses {
    return this.booted("processes").agent.processes;
  }

  /** What the guest uses, its clock and its disks. @throws RuntimeError `STATE_INVALID` */
  get system(): AgentSystem {
    return this.booted("system").agent.system;
  }

  /**
   * Starts the box's own process: the entrypoint of its configuration, or else of its image, with the given command, or else with theirs.
   * {@link destroy} asks it to end with their stop signal.
   *
   * @throws RuntimeError `STATE_INVALID`, `COMMAND_MISSING`
   */
  run(request: CommandRequest & ExecOptions = {}): ExecProcess {
    const place = this.#place("run");
    const { argv, ...environment } = planMainProcess(place.process, request);
    const { command: _, ...options } = request;
    const stopSignal = request.stopSignal ?? parseSignal(place.process.stopSignal);
    return startCommand(place, argv, { ...options, ...environment, stopSignal });
  }

  /** Files of the box, by the names of `node:fs/promises`. @throws RuntimeError `STATE_INVALID` */
  get files(): AgentFiles {
    return this.booted("files").agent.files;
  }

  /**
   * Copies a file or tree of the host into the box, by the rules of `docker cp`: into a directory that is there under its own name,
   * else under the name of the target; `/.` at the end of `hostPath` copies what a directory holds. Parents are not made. Modes, times,
   * symbolic and hard links are kept; links are not followed. A copy that fails leaves what has arrived.
   *
   * @throws RuntimeError `STATE_INVALID`, `COPY_INVALID`, `COPY_FAILED`; AgentError `FILE_*`; RootfsError `SOURCE_UNREADABLE`; the
   * signal's reason.
   */
  async copyIn(hostPath: string, guestPath: string, options: CopyOptions = {}): Promise<CopyInReport> {
    return await copyIn(this.files, hostPath, guestPath, options);
  }

  /**
   * Copies a file or tree of the box to the host, by the same rules. What the guest sends is not trusted: it is extracted into a
   * directory of its own beside the target, bounded by `limits`, and placed when it is whole; nothing is written through a link, no device
   * is made, and without `keepOwners` all belongs to this process's user, without setuid bits. Symbolic links come out as they are: do
   * not follow them blindly.
   *
   * @throws RuntimeError `STATE_INVALID`, `COPY_INVALID`, `COPY_FAILED`; AgentError `FILE_*`; RootfsError `ARCHIVE_*`,
   * `TARGET_OBSTRUCTED`; the signal's reason.
   */
  async copyOut(guestPath: string, hostPath: string, options: CopyOutOptions = {}): Promise<CopyOutReport> {
    return await copyOut(this.files, guestPath, hostPath, options);
  }

  #place(what: string): CommandPlace {
    const { agent, image } = this.booted(what);
    return { agent, process: boxProcess(image.config, this.config), config: this.config, metrics: this.#metrics };
  }
}
