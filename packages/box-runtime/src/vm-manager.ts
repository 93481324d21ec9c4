import {
  type BoxConfig,
  type BoxConfigInput,
  type BoxId,
  EventBus,
  type HomeLayout,
  homeLayout,
  newBoxId,
  parseBoxConfig,
  raceSignal,
} from "@a3s/core";
import type { BootTimings } from "@a3s/metrics";
import type { JailMeasure, VmExit } from "@a3s/vm";
import type { BootedBox } from "./boot/boot-box.ts";
import type { MainExit } from "./boot/main-end.ts";
import { stopGuest } from "./boot/stop-guest.ts";
import { RuntimeError } from "./errors/runtime-error.ts";
import type { BoxEvents } from "./events.ts";
import { GuestAccess } from "./guest-access.ts";
import { errorCodeOf } from "./metering/meter-exec.ts";
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
export class VmManager extends GuestAccess implements AsyncDisposable {
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
    super(options.metrics);
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
   * @throws RuntimeError `STATE_INVALID`, `BOOT_FAILED`, `BOOT_TIMEOUT`, `HOST_UNFIT`, `BOX_DESTROYED`, `NETWORK_UNENFORCEABLE`, `NETWORK_NOT_FOUND`,
   * `NETWORK_FULL`, `NETWORK_DAMAGED`, `PLATFORM_UNSUPPORTED`, `PULL_REFUSED`, `VOLUME_INVALID`, and the errors of
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

  protected override booted(what: string): BootedBox {
    requireLive(this.state, what);
    return this.#booted as BootedBox;
  }
}
