import { lstat, rm } from "node:fs/promises";
import type { CheckedVmSpec } from "../spec/vm-spec.ts";
import { parseFailureLine, readExitRecord } from "./exit-record.ts";
import type { ProcessIdentity } from "./identity.ts";
import type { JailMeasure } from "./jail.ts";
import type { Monitor } from "./monitor.ts";
import { ownSockets } from "./start-document.ts";
import { startError, type VmEvidence } from "./start-error.ts";
import { readStartReport, type StartReport } from "./start-report.ts";
import { readTail } from "./tail.ts";
import { judgeExit, type VmExit } from "./vm-exit.ts";
import type { VmFiles } from "./vm-files.ts";
import type { VmProcess } from "./vm-process.ts";

/** Time that vm-host has to record the end of a VM that is killed, in milliseconds. */
const KILL_GRACE_MS = 5000;

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
      const record = await readExitRecord(files.exitPath);
      // vm-host removes its sockets itself, unless it was killed.
      if (record === undefined) await removeSockets(ownSockets(spec));
      return judgeExit(end, record);
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
    if (report === undefined) throw await this.#startError();
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

  async kill(options: { readonly graceMs?: number } = {}): Promise<VmExit> {
    await this.#monitor.end(options.graceMs ?? KILL_GRACE_MS);
    return await this.exited;
  }

  async evidence(): Promise<VmEvidence> {
    return { stderrTail: this.#monitor.stderrTail, consoleTail: await readTail(this.#files.console.path) };
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
