import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { launchVm, locateVmHost, type VmSpec } from "../../../packages/vm/dist/index.js";
import { startDocument } from "../../../packages/vm/src/process/start-document.ts";
import { parseVmFiles } from "../../../packages/vm/src/process/vm-files.ts";
import { parseVmSpec } from "../../../packages/vm/src/spec/parse-vm-spec.ts";
import { median } from "../report.ts";

/** What it costs to come to a VM, without the VM: libkrun is a fake that does nothing in `krun_start_enter`. */
export interface StartTime {
  /** Median ms to start a static program and read a word from it: what any process costs. */
  readonly spawnMs: number;
  /** Median ms from the spawn of vm-host to `krun_start_enter`. */
  readonly hostMs: number;
  /** Median ms of launchVm: from its call to `krun_start_enter`. */
  readonly launchMs: number;
  /** Median KiB of vm-host's resident memory while its VM runs. */
  readonly monitorKib: number;
}

/** Measures in turn, so that both see the same machine. */
export async function measureStart(fakeLibkrun: string, runs: number): Promise<StartTime> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-bench-"));
  const root = join(directory, "root");
  await mkdir(root);
  const libraries = { libkrun: fakeLibkrun, libkrunfw: fakeLibkrun, source: "environment" } as const;
  const vmHost = await locateVmHost();
  const spec: VmSpec = { vcpus: 1, memoryMib: 256, root: { path: root, readOnly: true }, init: { path: "/run" } };
  const files = { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json") };
  const options = { ...parseVmFiles(files), libraries, detached: false, jail: "required" } as const;
  const document = startDocument(parseVmSpec(spec), options);
  const launch = async () => {
    const start = performance.now();
    await using vm = await launchVm(spec, { ...files, libraries, vmHost });
    const ms = performance.now() - start;
    return { ms, kib: await residentKib(vm.identity.pid) };
  };
  try {
    await launch();
    await sayWord();
    const words: number[] = [];
    const hosts: number[] = [];
    const launches: Awaited<ReturnType<typeof launch>>[] = [];
    for (let run = 0; run < runs; run++) {
      words.push(await sayWord());
      hosts.push(await start(vmHost, document));
      launches.push(await launch());
    }
    return {
      spawnMs: median(words),
      hostMs: median(hosts),
      launchMs: median(launches.map(({ ms }) => ms)),
      monitorKib: median(launches.map(({ kib }) => kib)),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Starts vm-host as `launchVm` does, and waits for its first event; then it is ended. */
async function start(vmHost: string, document: string): Promise<number> {
  const begin = performance.now();
  const child = spawn(vmHost, ["run"], { stdio: ["ignore", "pipe", "pipe", "pipe"], env: {} });
  (child.stdio[3] as Writable).write(`${document}\n`);
  const [event] = await once(child.stdout as Readable, "data");
  const ms = performance.now() - begin;
  if (!String(event).startsWith('{"event":"starting"')) throw new Error(`vm-host said ${event}`);
  child.kill("SIGTERM");
  await once(child, "close");
  return ms;
}

async function sayWord(): Promise<number> {
  const start = performance.now();
  const child = spawn("/bin/busybox", ["echo", "word"], { stdio: ["ignore", "pipe", "pipe", "pipe"], env: {} });
  await once(child.stdout as Readable, "data");
  const ms = performance.now() - start;
  await once(child, "close");
  return ms;
}

async function residentKib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}
