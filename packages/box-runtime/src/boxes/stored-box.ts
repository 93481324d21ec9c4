import type { AgentClient, AgentFiles, AttachOptions, ExecCommand, ExecOptions, ExecProcess } from "@a3s/agent-client";
import { type BoxConfig, BoxError, type BoxId, raceSignal } from "@a3s/core";
import { readVmLog, type VmLogEntry, type VmLogOptions } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import { type CopyInReport, type CopyOptions, copyIn } from "../copy/copy-in.ts";
import { type CopyOutOptions, type CopyOutReport, copyOut } from "../copy/copy-out.ts";
import { addressOnNetwork, renameOnNetwork } from "../networks/box-seat.ts";
import { boxProcess } from "../plan/box-process.ts";
import { startCommand } from "../start-command.ts";
import { isSupervised } from "../supervisor/supervised.ts";
import { supervisionOf } from "../supervisor/supervision.ts";
import { awaitBoxEnd } from "./await-box-end.ts";
import type {
  Box,
  BoxCall,
  BoxChanges,
  BoxFilesOptions,
  BoxKillOptions,
  BoxRemoveOptions,
  BoxStartOptions,
  BoxStatsOptions,
  BoxStopOptions,
} from "./box.ts";
import { changeConfig } from "./box-changes.ts";
import type { BoxInspection, BoxStats } from "./box-description.ts";
import { boxNameTaken, boxNotRunning } from "./box-error.ts";
import type { BoxExit, BoxLife } from "./box-life.ts";
import { requireBoxName } from "./box-name.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { inspect } from "./describe-box.ts";
import { discardBox } from "./discard-box.ts";
import { killBox } from "./kill-box.ts";
import { lookAtBox, lookAtOwnBox, type SeenBox } from "./look-at-box.ts";
import { mendBox, settleIfFree } from "./mend-box.ts";
import { readBoxStats } from "./read-stats.ts";
import { tell } from "./tell.ts";

/** A box in the home directory; see {@link Box}. */
export class StoredBox implements Box {
  readonly #place: BoxPlace;
  /** This handle made it, so that it ends it when it goes with its run. */
  readonly #made: boolean;
  #record: BoxRecord;
  #life: BoxLife;
  #exit: BoxExit | undefined;
  #agent: AgentClient | undefined;

  private constructor(place: BoxPlace, record: BoxRecord, made: boolean) {
    this.#place = place;
    this.#record = record;
    this.#life = record.intent;
    this.#made = made;
  }

  /** A handle of a box that was just made. */
  static made(place: BoxPlace, record: BoxRecord): StoredBox {
    return new StoredBox(place, record, true);
  }

  /** A handle of a box that is there. @throws RuntimeError `BOX_NOT_FOUND`, `BOX_DAMAGED` */
  static async find(place: BoxPlace, id: BoxId): Promise<StoredBox> {
    const box = new StoredBox(place, await place.store.require(id), false);
    await box.refresh();
    return box;
  }

  get id(): BoxId {
    return this.#record.id;
  }
  get name(): string {
    return this.#record.name;
  }
  get config(): BoxConfig {
    return this.#record.config;
  }
  get labels(): Readonly<Record<string, string>> {
    return this.#record.config.labels;
  }
  get createdAt(): string {
    return this.#record.createdAt;
  }
  get state(): BoxLife {
    return this.#life;
  }
  get exit(): BoxExit | undefined {
    return this.#exit;
  }

  async refresh({ signal }: BoxCall = {}): Promise<void> {
    signal?.throwIfAborted();
    using seen = await lookAtBox(this.#place, this.id);
    await this.#take(seen);
    if (seen.mend === "settle") await settleIfFree(this.#place, this.id);
  }

  async start({ onAttach = false, signal = new AbortController().signal }: BoxStartOptions = {}): Promise<void> {
    try {
      await this.#start(onAttach, signal);
    } catch (error) {
      // Why it did not start says more than why it cannot be looked at.
      await this.#refreshIfThere().catch(() => {});
      throw error;
    }
  }

  /** A box with `autoRemove` is gone with its end. */
  async #refreshIfThere(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      if (!(error instanceof BoxError && error.code === "BOX_NOT_FOUND")) throw error;
      this.#life = "stopped";
    }
  }

  #start(onAttach: boolean, signal: AbortSignal): Promise<void> {
    return this.#own(signal, async (seen) => {
      if (seen.life === "running") return;
      const { startBox } = await import("./start-box.ts");
      const { record, booted } = await startBox(this.#place, seen.record, { onAttach, by: "caller", signal });
      this.#agent ??= booted.agent;
      if (this.#agent !== booted.agent) await booted.agent[Symbol.asyncDispose]();
      [this.#record, this.#life, this.#exit] = [record, "running", undefined];
      // The first who sees its end writes it down, and that is this process as long as it lives.
      void Promise.all([booted.vm.exited, booted.mainEnd])
        .then(([, main]) => settleIfFree(this.#place, record.id, { runs: record.runs, main }))
        .catch(() => {});
    });
  }

  async stop({ graceMs, signalName, signal }: BoxStopOptions = {}): Promise<BoxExit | undefined> {
    return await raceSignal(this.#stop(graceMs, signal, signalName), signal);
  }

  #stop(
    graceMs = this.config.stopGraceMs,
    signal: AbortSignal | undefined,
    signalName: BoxStopOptions["signalName"],
  ): Promise<BoxExit | undefined> {
    return this.#own(signal, async ({ record, vm, exit }) => {
      if (vm === undefined) {
        // Its policy may be about to start it again.
        if (record.intent === "stopped" && record.config.restart !== "no" && !record.halted) {
          const rested = { ...record, halted: true, nextStartAt: null };
          this.#record = (await this.#place.store.writeIfRoom(rested)) ?? record;
        }
        return exit;
      }
      const { stopBox } = await import("./stop-box.ts");
      this.#exit = await stopBox(this.#place, record, vm, graceMs, signalName);
      this.#life = "stopped";
      return this.#exit;
    });
  }

  async kill({ signalName = "SIGKILL", signal }: BoxKillOptions = {}): Promise<void> {
    using seen = await lookAtBox(this.#place, this.id);
    await this.#take(seen);
    if (seen.vm === undefined) throw boxNotRunning(this.id, seen.life, "kill");
    await raceSignal(killBox(this.#place, seen.record, seen.vm, signalName, signal), signal);
    if (signalName === "SIGKILL" || signalName === 9) await this.#refreshIfThere();
  }

  async restart(options: BoxStopOptions = {}): Promise<void> {
    await this.stop(options);
    await this.start({ signal: options.signal });
  }

  async wait({ signal }: BoxCall = {}): Promise<BoxExit> {
    const exit = await awaitBoxEnd(this.#place, this.id, signal);
    [this.#life, this.#exit] = ["stopped", exit];
    return exit;
  }

  exec(command: ExecCommand, options: ExecOptions = {}): ExecProcess {
    const { config, image } = this.#record;
    const process = boxProcess(image.process, config);
    const place = { agent: this.#running("exec"), process, config, metrics: this.#place.metrics };
    return startCommand(place, command, options);
  }

  shell(options: ExecOptions = {}): ExecProcess {
    return this.exec(["sh"], { tty: true, ...options });
  }

  attach(options: AttachOptions = {}): ExecProcess {
    return this.#running("attach").processes.attach("main", options);
  }

  get files(): AgentFiles {
    return this.#running("files").files;
  }

  async withFiles<T>(task: (files: AgentFiles) => Promise<T>, options: BoxFilesOptions = {}): Promise<T> {
    if (this.#life === "running") return await task(this.files);
    const { readOnly = false, signal = new AbortController().signal } = options;
    const opened = await this.#own(signal, async ({ record, vm }) => {
      if (vm !== undefined) return undefined;
      const { openBox } = await import("./open-box.ts");
      return { result: await openBox(this.#place, record, { readOnly, signal }, task) };
    });
    return opened === undefined ? await task(this.files) : opened.result;
  }

  async copyIn(hostPath: string, guestPath: string, options: CopyOptions = {}): Promise<CopyInReport> {
    const { signal } = options;
    return await this.withFiles((files) => copyIn(files, hostPath, guestPath, options), { signal });
  }

  async copyOut(guestPath: string, hostPath: string, options: CopyOutOptions = {}): Promise<CopyOutReport> {
    const { signal } = options;
    return await this.withFiles((files) => copyOut(files, guestPath, hostPath, options), { readOnly: true, signal });
  }

  async *logs(options: VmLogOptions = {}): AsyncGenerator<VmLogEntry, void, undefined> {
    using seen = await lookAtBox(this.#place, this.id);
    const { log } = vmPaths(this.#place.home, this.id);
    yield* seen.vm?.logs(options) ?? readVmLog(log, { ...options, follow: false });
  }

  async *stats(options: BoxStatsOptions = {}): AsyncGenerator<BoxStats, void, undefined> {
    const agent = this.#running("stats");
    using seen = await lookAtBox(this.#place, this.id);
    if (seen.vm === undefined) throw boxNotRunning(this.id, seen.life, "stats");
    yield* readBoxStats(agent, seen.vm, this.config, options);
  }

  async inspect({ signal }: BoxCall = {}): Promise<BoxInspection> {
    signal?.throwIfAborted();
    using seen = await lookAtBox(this.#place, this.id);
    await this.#take(seen);
    const supervision = await supervisionOf(this.#place, seen, await isSupervised(this.#place.home));
    const address = await addressOnNetwork(this.#place.home, seen.record);
    return inspect(seen, supervision, { directory: this.#place.store.directory(this.id), address });
  }

  async update(changes: BoxChanges, { signal }: BoxCall = {}): Promise<void> {
    await this.#own(signal, async ({ record }) => {
      this.#record = await this.#place.store.write({ ...record, config: changeConfig(record.config, changes) });
    });
  }

  async rename(name: string, { signal }: BoxCall = {}): Promise<void> {
    requireBoxName(name);
    const { store } = this.#place;
    await this.#own(signal, async ({ record }) => {
      this.#record = await store.naming(signal, async () => {
        const other = (await store.names()).get(name);
        if (other !== undefined && other !== record.id) throw boxNameTaken(name, other);
        return await store.write({ ...record, name });
      });
      await renameOnNetwork(this.#place.home, { id: record.id, config: record.config, name });
      await tell(this.#place, "box.renamed", { id: record.id, name }, this.#record);
    });
  }

  async remove(options: BoxRemoveOptions = {}): Promise<void> {
    await discardBox(this.#place, this.id, options);
    this.#life = "stopped";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#made && this.#record.autoRemove) await this.remove({ force: true });
    } catch (error) {
      if (!(error instanceof BoxError && error.code === "BOX_NOT_FOUND")) throw error;
    } finally {
      await this.#agent?.[Symbol.asyncDispose]();
    }
  }

  /** Runs a task with the lock of the box, after what others left undone. */
  #own<T>(signal: AbortSignal | undefined, task: (seen: SeenBox) => Promise<T>): Promise<T> {
    return this.#place.store.locked(this.id, signal, async () => {
      {
        using left = await lookAtOwnBox(this.#place, this.id);
        await mendBox(this.#place, left);
      }
      using seen = await lookAtOwnBox(this.#place, this.id);
      await this.#take(seen);
      return await task(seen);
    });
  }

  async #take({ record, life, exit, vm }: SeenBox): Promise<void> {
    [this.#record, this.#life, this.#exit] = [record, life, exit];
    if (vm === undefined || this.#agent !== undefined) return;
    const { connectAgent } = await import("@a3s/agent-client");
    // It connects with its first call, and again after each start.
    this.#agent = connectAgent({ socketPath: vmPaths(this.#place.home, record.id).agentSocket });
  }

  #running(what: string): AgentClient {
    if (this.#agent === undefined || this.#life !== "running") throw boxNotRunning(this.id, this.#life, what);
    return this.#agent;
  }
}
