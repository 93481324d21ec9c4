import { execFile } from "node:child_process";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { benchLine, formatTable, median } from "../report.ts";
import { measureIdle } from "./idle-vms.ts";
import { measureStart } from "./start-time.ts";

/** bench:vm: what coming to a VM costs besides the VM, which needs no KVM; then what VMs cost that are idle together, which does. */
const VMS = 8;
const MEMORY_MIB = 256;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = here("../../../.cache/bench");
await mkdir(cache, { recursive: true });
const fake = join(cache, "fake-libkrun.so");
const source = here("../../../packages/vm/test/fake-libkrun.c");
await promisify(execFile)("cc", ["-shared", "-fPIC", "-O2", "-DQUIET", "-o", `${fake}.${process.pid}`, source]);
await rename(`${fake}.${process.pid}`, fake);

const { spawnMs, hostMs, launchMs, monitorKib } = await measureStart(fake, 50);
const start = [
  ["what", "median of 50"],
  ["a bare spawn, ms", spawnMs.toFixed(1)],
  ["vm-host from its spawn to krun_start_enter, ms", hostMs.toFixed(1)],
  ["launchVm to krun_start_enter, ms", launchMs.toFixed(1)],
  ["monitor, resident MiB", (monitorKib / 1024).toFixed(1)],
];
process.stdout.write(`${formatTable(start)}\n\n`);

const idle = await measureIdle(VMS, MEMORY_MIB);
const mib = (values: readonly number[]) => [median(values), Math.max(...values)].map((kib) => (kib / 1024).toFixed(1));
const together = [
  [`${idle.count} VMs of ${MEMORY_MIB} MiB at the same time`, "median", "max"],
  [
    "boot to ready, one after the other, s",
    ...[median(idle.bootMs), Math.max(...idle.bootMs)].map((ms) => (ms / 1000).toFixed(1)),
  ],
  ["VM process beside guest RAM, resident MiB", ...mib(idle.vms.map(({ ownKib }) => ownKib))],
  ["the same, shared pages divided, MiB", ...mib(idle.vms.map(({ ownPssKib }) => ownPssKib))],
  ["guest RAM in use, MiB", ...mib(idle.vms.map(({ guestKib }) => guestKib))],
  ["monitor, resident MiB", ...mib(idle.monitorKib)],
];
process.stdout.write(`${formatTable(together)}\n`);
if (idle.left.length > 0) process.stdout.write(`left behind: ${idle.left.join(", ")}\n`);

const ownMib = Math.max(...idle.vms.map(({ ownKib }) => ownKib)) / 1024;
const monitorMib = Math.max(monitorKib, ...idle.monitorKib) / 1024;
const line = benchLine("vm", [
  { name: "vm-host to krun_start_enter beyond a bare spawn, ms", value: hostMs - spawnMs, bar: 3, better: "lower" },
  { name: "monitor, resident MiB", value: monitorMib, bar: 2.5, better: "lower" },
  { name: "idle VM process beside guest RAM, resident MiB", value: ownMib, bar: 12, better: "lower" },
  { name: `VMs of ${MEMORY_MIB} MiB at once`, value: idle.count, bar: VMS, better: "higher" },
  { name: "left behind by them", value: idle.left.length, bar: 0, better: "lower" },
]);
process.stdout.write(`${line}\n`);
