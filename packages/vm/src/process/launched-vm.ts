import { lstat, rm } from "node:fs/promises";
import { readConsoleTail } from "../log/console-tail.ts";
import type { VmLogEntry } from "../log/log-entry.ts";
import { readVmLog, type VmLogOptions } from "../log/read-log.ts";
import type { CheckedVmSpec } from "../spec/vm-spec.ts";
import { parseEndReport, parseFailureLine, readExitRecord } from "./exit-record.ts";
import type { ProcessIdentity } from "./identity.ts";
import type { JailMeasure } from "./jail.ts";
import type { Monitor } from "./monitor.ts";
import { ownSockets } from "./start-document.ts";
import { startError, type VmEvidence } from "./start-error.ts";
import { readStartReport, type StartReport } from "./start-report.ts";
import { judgeExit, type VmExit } from "./vm-exit.ts";
import type { VmFiles } from "./vm-files.ts";
import { STOP_GRACE_MS, type StopOptions, type VmProcess } from "./vm-process.ts";

/** A VM behind a vm-host process of our own. */
export class LaunchedVm implements VmProcess {
  readonly exited: Promise<VmExit>;
  readonly #monitor: Monitor;
  readonly #files: VmFiles;
  #started: StartReport = { pid: 0, jail: [] };

  constructor(monitor: Monitor, spec: CheckedVmSpec, files: VmFiles) {
    this.#monitor = monitor;
    this.#files = files;
    this.exited = monitor.closed.then(async (end) => {
      // The record may have been removed with its directory; what vm-host said goes for as much.
      const record = (await readExitRecord(files.exitPath)) ?? parseEndReport(monitor.lastLine);
      // vm-host removes its sockets itself, unless it was killed.
      if (record === undefined) {
        await removeSockets(ownSockets(spec));
        await rm(`${files.exitPath}.tmp`, { force: true });
      }
      return judgeExit(end, record, monitor.stderrTail);
    });
  }

  get identity(): ProcessIdentity {
    return this.#monitor.identity;
  }

  get vmPid(): number {
    return this.#started.pid;
  }

  get jail(): readonly JailMeasure[] {
    return this.#started.jail;
  }

  /** Says what to become. */
  become(document: string): void {
    this.#monitor.send(document);
  }

  /** Waits until only the guest's boot is left. @throws VmError `VM_START_FAILED` */
  async starting(): Promise<void> {
    const report = await this.#monitor.report;
    // The event of the end comes first when no guest was started.
    if (report === undefined || parseEndReport(report) !== undefined) throw await this.#startError();
    const started = readStartReport(report);
    if (started === undefined) {
      const how = `vm-host said ${JSON.stringify(report.slice(0, 160))}, which is no start report`;
      throw startError(undefined, await this.evidence(), { how });
    }
    this.#started = started;
  }

  release(): void {
    this.#monitor.release();
  }

  async stop({ graceMs = STOP_GRACE_MS, signal }: StopOptions = {}): Promise<VmExit> {
    await this.#monitor.end(graceMs, signal);
    return await this.exited;
  }

  async kill(options: Pick<StopOptions, "graceMs"> = {}): Promise<VmExit> {
    return await this.stop(options);
  }

  logs(options: VmLogOptions = {}): AsyncIterable<VmLogEntry> {
    return readVmLog(this.#files.log.path, { ...options, until: this.exited });
  }

  async evidence(): Promise<VmEvidence> {
    return { stderrTail: this.#monitor.stderrTail, consoleTail: await readConsoleTail(this.#files.log.path) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #startError() {
    const exit = await this.exited;
    const evidence = await this.evidence();
    return startError(exit.failure ?? parseFailureLine(evidence.stderrTail), evidence, { how: exit.meaning });
  }
}

/** Only sockets: what else may have come there is not ours. */
async function removeSockets(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isSocket()) await rm(path, { force: true });
  }
}
