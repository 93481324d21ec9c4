import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { launchVm, locateVmHost } from "../../../packages/vm/dist/index.js";
import { median } from "../report.ts";

/** What it costs to come to a VM, without the VM: libkrun is a fake that does nothing in `krun_start_enter`. */
export interface StartTime {
  /** Median ms to start a static program and read a word from it: what any process costs. */
  readonly spawnMs: number;
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
  const launch = async () => {
    const start = performance.now();
    await using vm = await launchVm(
      { vcpus: 1, memoryMib: 256, root: { path: root, readOnly: true }, init: { path: "/run" } },
      { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json"), libraries, vmHost },
    );
    const ms = performance.now() - start;
    return { ms, kib: await residentKib(vm.identity.pid) };
  };
  try {
    await launch();
    await sayWord();
    const words: number[] = [];
    const launches: Awaited<ReturnType<typeof launch>>[] = [];
    for (let run = 0; run < runs; run++) {
      words.push(await sayWord());
      launches.push(await launch());
    }
    return {
      spawnMs: median(words),
      launchMs: median(launches.map(({ ms }) => ms)),
      monitorKib: median(launches.map(({ kib }) => kib)),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
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
