import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VmManager } from "../../../packages/box-runtime/dist/index.js";
import { leftovers } from "../../../packages/vm/test/leftovers.ts";
import { type Memory, ownMemory } from "./own-memory.ts";

/** What `idle IMAGE COUNT` says on its last line. */
export interface IdleVms {
  /** VMs that ran at the same time, and each answered while all did. */
  readonly count: number;
  readonly bootMs: readonly number[];
  /** Of each VM process. */
  readonly vms: readonly Memory[];
  /** Resident KiB of each monitor. */
  readonly monitorKib: readonly number[];
  /** What all of them left behind: names of processes, sockets, mounts, files. */
  readonly left: readonly string[];
}

/** `idle IMAGE COUNT MEMORY_MIB`: boots VMs one after the other, lets them be idle together, asks each, and ends all. */
const [image = "", count = "1", memory = "256"] = process.argv.slice(2);
const home = await mkdtemp(join(tmpdir(), "a3s-bench-"));
const manager = () =>
  new VmManager({ image, memoryMib: Number(memory), vcpus: 1, bootTimeoutMs: 120_000 }, undefined, { home });

/** The first VM fills the image store and all that is loaded once for all. */
{
  await using first = manager();
  await first.boot();
}
const before = await leftovers(home);
const vms: VmManager[] = [];
const bootMs: number[] = [];
let measured: readonly { readonly vm: Memory; readonly monitorKib: number }[];
try {
  while (vms.length < Number(count)) {
    const vm = manager();
    const start = performance.now();
    try {
      await vm.boot();
    } catch (error) {
      process.stderr.write(`beside ${vms.length} VMs no other one came up: ${error}\n`);
      break;
    }
    vms.push(vm);
    bootMs.push(performance.now() - start);
    process.stderr.write(`${vms.length} of ${count} run; the last came up in ${(bootMs.at(-1) ?? 0).toFixed(0)} ms\n`);
  }
  for (const vm of vms) if (!(await vm.healthCheck())) throw new Error(`the VM of ${vm.id} does not answer`);
  process.stderr.write("all answered\n");
  measured = await Promise.all(vms.map((vm) => measure(vm.pid ?? 0)));
} finally {
  for (const vm of vms) await vm.destroy();
}
const after = await leftovers(home);
await rm(home, { recursive: true });
const gone = (kind: keyof typeof after) => after[kind].filter((name) => !before[kind].includes(name));
const result: IdleVms = {
  count: measured.length,
  bootMs,
  vms: measured.map(({ vm }) => vm),
  monitorKib: measured.map(({ monitorKib }) => monitorKib),
  left: [...gone("processes"), ...gone("sockets"), ...gone("mounts"), ...gone("descriptors"), ...gone("files")],
};
process.stdout.write(`${JSON.stringify(result)}\n`);

async function measure(monitor: number) {
  const vm = (await readFile(`/proc/${monitor}/task/${monitor}/children`, "utf8")).trim();
  const [smaps, status] = await Promise.all([
    readFile(`/proc/${vm}/smaps`, "utf8"),
    readFile(`/proc/${monitor}/status`, "utf8"),
  ]);
  return { vm: ownMemory(smaps, Number(memory)), monitorKib: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) };
}
