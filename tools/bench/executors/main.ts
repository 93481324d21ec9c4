import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { launchVm, locateVmHost } from "../../../packages/vm/dist/index.js";
import { buildFakeLibkrun } from "../../../packages/vm/test/fake-libkrun.ts";
import { benchLine, formatTable, median } from "../report.ts";

/** bench:executors: what a VM costs besides the VM, with the native vm-host and with the one in Node.js. It needs no KVM. */
const RUNS = 9;
const directory = await mkdtemp(join(tmpdir(), "a3s-bench-"));
const native = await locateVmHost();
const node = join(dirname(createRequire(import.meta.url).resolve("../../../packages/vm/dist/index.js")), "vm-host.js");
try {
  await mkdir(join(directory, "root"));
  const libraries = await buildFakeLibkrun(directory);
  const found = new Map<string, Cost[]>([
    [native, []],
    [node, []],
  ]);
  // In turn, so that both see the same machine; the first round fills the caches.
  for (let run = -1; run < RUNS; run++) {
    for (const [vmHost, costs] of found) {
      const cost = await measure(vmHost);
      if (run >= 0) costs.push(cost);
    }
  }
  const middle = (vmHost: string, figure: keyof Cost) => median((found.get(vmHost) ?? []).map((cost) => cost[figure]));
  const row = (name: string, figure: keyof Cost) =>
    [name, ...[native, node].map((vmHost) => middle(vmHost, figure).toFixed(1))] as const;
  process.stdout.write(
    `${formatTable([
      [`median of ${RUNS}`, "native", "Node.js"],
      row("launchVm to krun_start_enter, ms", "launchMs"),
      row("monitor, resident MiB", "monitorMib"),
      row("VM process, resident MiB", "vmMib"),
      row("both, their share of the memory (PSS), MiB", "shareMib"),
    ])}\n`,
  );
  const more = middle(node, "shareMib") - middle(native, "shareMib");
  process.stdout.write(
    `${benchLine("executors", [{ name: "Node.js beyond native, PSS MiB", value: more, bar: 80, better: "lower" }])}\n`,
  );

  async function measure(vmHost: string): Promise<Cost> {
    const start = performance.now();
    await using vm = await launchVm(
      { vcpus: 1, memoryMib: 256, root: { path: join(directory, "root"), readOnly: true }, init: { path: "/run" } },
      {
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
        libraries,
        vmHost,
        jail: "best-effort",
      },
    );
    const launchMs = performance.now() - start;
    const [monitor, vmProcess] = [await memoryOf(vm.identity.pid), await memoryOf(vm.vmPid)];
    return {
      launchMs,
      monitorMib: monitor.rss,
      vmMib: vmProcess.rss,
      shareMib: monitor.pss + vmProcess.pss,
    };
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}

interface Cost {
  readonly launchMs: number;
  readonly monitorMib: number;
  readonly vmMib: number;
  readonly shareMib: number;
}

/** proc_pid_smaps(5), in MiB. */
async function memoryOf(pid: number): Promise<{ readonly rss: number; readonly pss: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1024;
  return { rss: mib("Rss"), pss: mib("Pss") };
}
