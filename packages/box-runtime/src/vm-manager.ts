import type {
  AgentClient,
  AgentFiles,
  AgentInfo,
  AgentProcesses,
  AgentSystem,
  AttachOptions,
  ExecCommand,
  ExecOptions,
  ExecProcess,
} from "@a3s/agent-client";
import {
  type BoxConfig,
  type BoxConfigInput,
  type BoxId,
  EventBus,
  type HomeLayout,
  homeLayout,
  newBoxId,
  parseBoxConfig,
  parseSignal,
  raceSignal,
} from "@a3s/core";
import type { BootTimings } from "@a3s/metrics";
import type { JailMeasure, VmExit } from "@a3s/vm";
import type { BootedBox } from "./boot/boot-box.ts";
import type { MainExit } from "./boot/main-end.ts";
import { stopGuest } from "./boot/stop-guest.ts";
import { type CopyInReport, type CopyOptions, copyIn } from "./copy/copy-in.ts";
import { type CopyOutOptions, type CopyOutReport, copyOut } from "./copy/copy-out.ts";
import { RuntimeError } from "./errors/runtime-error.ts";
import type { BoxEvents } from "./events.ts";
import { errorCodeOf, meterExec } from "./metering/meter-exec.ts";
import { boxProcess, processRights } from "./plan/box-process.ts";
import { type CommandRequest, planEnvironment, planMainProcess } from "./plan/command.ts";
import { ReleaseStack } from "./release-stack.ts";
import { type BoxState, type BoxTransition, INITIAL_STATUS, nextStatus, requireLive } from "./state/box-state.ts";
import { pauseUnsupported } from "./state/pause-unsupported.ts";
import type { VmBootOptions, VmManagerOptions } from "./vm-manager-options.ts";

/**
 * One box: an image booted in its own kernel.
 *
 * Constructing it touches nothing; {@link boot} takes it to `ready`, {@link destroy} (or `await using`) ends it without
 * a trace.
 *
 * ```ts
 * await using vm = new VmManager({ image: "alpine:3.22" });
 * await vm.boot();
 * const { exitCode, stdout } = await vm.exec(["uname", "-a"]);
 * ```
 */
export class VmManager implements AsyncDisposable {
  readonly id: BoxId = newBoxId();
  readonly config: BoxConfig;
  readonly events: EventBus<BoxEvents>;
  readonly #home: HomeLayout;
  readonly #options: VmManagerOptions;
  readonly #held = new ReleaseStack();
  readonly #destruction = new AbortController();
  #status = INITIAL_STATUS;
  #booting: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;
  #booted: BootedBox | undefined;

  /** @throws CoreError `CONFIG_INVALID` */
  constructor(config: BoxConfigInput, events: EventBus<BoxEvents> = new EventBus(), options: VmManagerOptions = {}) {
    this.config = parseBoxConfig(config);
    this.events = events;
    this.#options = options;
    this.#home = homeLayout(options.home);
  }

  get state(): BoxState {
    return this.#status.state;
  }

  /** Where the time of the boot went; undefined until the box is ready. */
  get timings(): BootTimings | undefined {
    return this.#booted?.timings;
  }

  /** Process ID of the VM host; undefined until a VM has started. */
  get pid(): number | undefined {
    return this.#booted?.vm.identity.pid;
  }

  /** What stands between the VM process and the host: the measures in force; undefined until a VM has started. */
  get jail(): readonly JailMeasure[] | undefined {
    return this.#booted?.vm.jail;
  }

  /** How the VM ended; resolves after it has. Undefined until a VM has started. */
  get exited(): Promise<VmExit> | undefined {
    return this.#booted?.vm.exited;
  }

  /**
   * Pulls the image when it is missing, prepares its root, starts the VM and waits until the agent is healthy.
   * Runs once; concurrent calls share it, and a caller's signal ends the boot for all of them. `bootTimeoutMs` counts from the start of the VM.
   *
   * A boot that fails ends in `stopped` with everything released. That includes one whose main process cannot be started, which is the
   * AgentError that `exec` would have failed with: `COMMAND_NOT_FOUND` (`details.exitCode` 127), `COMMAND_NOT_EXECUTABLE` (126), `EXEC_*`.
   *
   * @throws RuntimeError `STATE_INVALID`, `BOOT_FAILED`, `BOOT_TIMEOUT`, `HOST_UNFIT`, `BOX_DESTROYED`, `NETWORK_UNENFORCEABLE`,
   * `PLATFORM_UNSUPPORTED`, `PULL_REFUSED`, `VOLUME_INVALID`, and the errors of
   * @a3s/oci, @a3s/rootfs and @a3s/vm; the signal's reason when aborted.
   */
  async boot(options: VmBootOptions = {}): Promise<void> {
    if (this.#booting === undefined) {
      // Refuses a box that was destroyed before it was booted.
      nextStatus(this.#status, "booted");
      this.#booting = this.#boot(options);
    } else if (this.state !== "created") {
      throw new RuntimeError({
        code: "STATE_INVALID",
        message: `A box boots once; this one is ${this.state}`,
        hint: "Create a new VmManager.",
        details: { state: this.state },
      });
    }
    await this.#booting;
  }

  async #boot({ signal, main }: VmBootOptions): Promise<void> {
    const signals = [signal, this.#destruction.signal].filter((each) => each !== undefined);
    try {
      // Loaded when it is needed: it brings the gRPC client, whose load takes longer than all else together.
      const { bootBox } = await import("./boot/boot-box.ts");
      const booted = await bootBox({
        id: this.id,
        config: this.config,
        home: this.#home,
        pull: this.#options.pull ?? {},
        jail: this.#options.jail,
        signal: AbortSignal.any(signals),
        held: this.#held,
        main,
        onStage: (stage) => this.events.emit("box.stage", { id: this.id, stage }),
        onPull: (event) => this.events.emit("box.pull", { id: this.id, event }),
        onRoot: (event) => this.events.emit("box.root", { id: this.id, event }),
      });
      this.#booted = booted;
      this.#step("booted");
      this.#options.metrics?.recordBoot(booted.timings);
      this.events.emit("box.ready", { id: this.id, timings: booted.timings });
      // The VM may end by itself at any time from here on: a panic, a power-off from inside, a kill from outside.
      void booted.vm.exited.then(() => this.destroy()).catch(() => {});
    } catch (error) {
      this.#options.metrics?.recordBootFailure({ errorCode: errorCodeOf(error) });
      this.events.emit("box.error", { id: this.id, error });
      await this.#release(undefined);
      throw error;
    }
  }

  /** Whether the agent answers and serves. False, not an error, when it does not within 5 s or the box is not running. */
  async healthCheck(options: { readonly signal?: AbortSignal } = {}): Promise<boolean> {
    if (this.#booted === undefined || this.state === "stopped") return false;
    try {
      return (await this.#booted.agent.health({ timeoutMs: 5000, ...options })) === "serving";
    } catch {
      options.signal?.throwIfAborted();
      return false;
    }
  }

  /** What the guest says of itself. @throws RuntimeError `STATE_INVALID` */
  async info(options: { readonly signal?: AbortSignal } = {}): Promise<AgentInfo> {
    return await this.#agent("info").info(options);
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
    const agent = this.#agent("exec");
    const process = agent.exec(command, {
      ...options,
      ...planEnvironment(this.#image(), options),
      ...processRights(this.config, options),
    });
    return meterExec(process, this.#options.metrics);
  }

  /**
   * Joins the main process: its output from here on, and its stdin. The first who attaches to one with `start: "attach"` starts it and
   * misses nothing. The end of the call does not end the process.
   *
   * @throws RuntimeError `STATE_INVALID`; the handle rejects as that of `processes.attach`.
   */
  attach(options: AttachOptions = {}): ExecProcess {
    return this.#agent("attach").processes.attach("main", options);
  }

  /**
   * How the main process ended; resolves when it has, and also after the box was stopped.
   *
   * @throws RuntimeError `STATE_INVALID` for a box that was not booted with one.
   */
  async wait({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<MainExit> {
    const ended = this.#booted?.mainEnd;
    if (ended === undefined) {
      throw new RuntimeError({
        code: "STATE_INVALID",
        message: "The box has no main process",
        hint: "Boot it with `main`, or await what `run` returns.",
        details: { state: this.state },
      });
    }
    return await raceSignal(ended, signal);
  }

  /** The main process, and what `exec` and `run` have started in the box and still runs. @throws RuntimeError `STATE_INVALID` */
  get processes(): AgentProcesses {
    return this.#agent("processes").processes;
  }

  /** What the guest uses, its clock and its disks. @throws RuntimeError `STATE_INVALID` */
  get system(): AgentSystem {
    return this.#agent("system").system;
  }

  /**
   * Starts the box's own process: the entrypoint of its configuration, or else of its image, with the given command, or else with theirs.
   * {@link destroy} asks it to end with their stop signal.
   *
   * @throws RuntimeError `STATE_INVALID`, `COMMAND_MISSING`
   */
  run(request: CommandRequest & ExecOptions = {}): ExecProcess {
    const agent = this.#agent("run");
    const { argv, ...environment } = planMainProcess(this.#image(), request);
    const { command: _, ...options } = request;
    const stopSignal = request.stopSignal ?? parseSignal(this.#image().stopSignal);
    const process = agent.exec(argv, {
      ...options,
      ...environment,
      ...processRights(this.config, options),
      stopSignal,
    });
    return meterExec(process, this.#options.metrics);
  }

  /** Files of the box, by the names of `node:fs/promises`. @throws RuntimeError `STATE_INVALID` */
  get files(): AgentFiles {
    return this.#agent("files").files;
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

  /** Marks the box busy until disposed. Sessions are counted. @throws RuntimeError `STATE_INVALID` */
  beginSession(): Disposable {
    this.#step("session-began");
    let open = true;
    return {
      [Symbol.dispose]: () => {
        if (open && this.state !== "stopped") this.#step("session-ended");
        open = false;
      },
    };
  }

  /** Runs `work` while the box, busy with a session, is `compacting`. @throws RuntimeError `STATE_INVALID` */
  async compact<T>(work: () => Promise<T>): Promise<T> {
    this.#step("compaction-began");
    try {
      return await work();
    } finally {
      if (this.state === "compacting") this.#step("compaction-ended");
    }
  }

  /** libkrun cannot stop the processors of a VM and let them go on. @throws RuntimeError `PAUSE_UNSUPPORTED`, always */
  async pause(): Promise<never> {
    throw pauseUnsupported("paused");
  }

  /** As {@link pause}. @throws RuntimeError `PAUSE_UNSUPPORTED`, always */
  async resume(): Promise<never> {
    throw pauseUnsupported("resumed");
  }

  /**
   * Ends the box: asks the guest to power off, in which it kills what has not ended within `stopGraceMs`; ends the VM when that, too,
   * has not come to its end in 10 s more; and releases everything.
   * Idempotent; ends a boot that is under way.
   */
  destroy(): Promise<void> {
    this.#destroying ??= this.#destroy();
    return this.#destroying;
  }

  async #destroy(): Promise<void> {
    this.#destruction.abort(
      new RuntimeError({ code: "BOX_DESTROYED", message: `Box ${this.id} was destroyed while it was booting` }),
    );
    await this.#booting?.catch(() => {});
    const booted = this.#booted;
    if (booted !== undefined) await stopGuest(booted, this.config.stopGraceMs);
    await this.#release(await booted?.vm.exited);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #release(exit: VmExit | undefined): Promise<void> {
    if (this.state === "stopped") return;
    try {
      await this.#held[Symbol.asyncDispose]();
    } finally {
      this.#step("ended");
      this.events.emit("box.stopped", { id: this.id, exit });
    }
  }

  #step(transition: BoxTransition): void {
    const from = this.state;
    this.#status = nextStatus(this.#status, transition);
    if (from === this.state) return;
    this.#options.metrics?.recordState(from, this.state);
    this.events.emit("box.state", { id: this.id, from, to: this.state });
  }

  #agent(what: string): AgentClient {
    requireLive(this.state, what);
    return (this.#booted as BootedBox).agent;
  }

  #image() {
    return boxProcess((this.#booted as BootedBox).image.config, this.config);
  }
}
