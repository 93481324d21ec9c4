import { execFile } from "node:child_process";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { benchLine, formatTable } from "../report.ts";
import { measureStart } from "./start-time.ts";

/** bench:vm: what coming to a VM costs besides the VM. It needs no KVM. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = here("../../../.cache/bench");
await mkdir(cache, { recursive: true });
const fake = join(cache, "fake-libkrun.so");
const source = here("../../../packages/vm/test/fake-libkrun.c");
await promisify(execFile)("cc", ["-shared", "-fPIC", "-O2", "-o", `${fake}.${process.pid}`, source]);
await rename(`${fake}.${process.pid}`, fake);

const { spawnMs, launchMs, monitorKib } = await measureStart(fake, 50);
const rows = [
  ["what", "median of 50"],
  ["a bare spawn, ms", spawnMs.toFixed(1)],
  ["launchVm to krun_start_enter, ms", launchMs.toFixed(1)],
  ["monitor, resident MiB", (monitorKib / 1024).toFixed(1)],
];
process.stdout.write(`${formatTable(rows)}\n`);
const line = benchLine("vm", [
  { name: "start beyond a bare spawn, ms", value: launchMs - spawnMs, bar: 3, better: "lower" },
  { name: "monitor, resident MiB", value: monitorKib / 1024, bar: 2.5, better: "lower" },
]);
process.stdout.write(`${line}\n`);
