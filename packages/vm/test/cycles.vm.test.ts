import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launchVm, type VmProcess, type VmSpec } from "../src/index.ts";
import { busyboxRoot } from "./busybox-root.ts";
import { cycles } from "./cycles.ts";
import { leftovers } from "./leftovers.ts";

/** A boot in the emulated host takes 4 s, on a busy machine more. */
const CYCLE_MS = 30_000;

interface Ending {
  readonly script: string;
  readonly pid1?: boolean;
  readonly detached?: boolean;
  /** `state` is the directory of all that is recorded of the VM. */
  readonly end?: (vm: VmProcess, state: string) => Promise<unknown>;
  readonly cause: string;
}

const UNTIL_ENDED = "echo up; exec /bin/busybox sleep 1000000";
const ENDINGS: readonly Ending[] = [
  { script: "echo up; exit 3", cause: "guest" },
  { script: UNTIL_ENDED, end: (vm) => vm.stop(), cause: "stopped" },
  { script: UNTIL_ENDED, end: (vm, state) => rm(state, { recursive: true }).then(() => vm.stop()), cause: "stopped" },
  { script: UNTIL_ENDED, end: async (vm) => process.kill(vm.vmPid, "SIGSEGV"), cause: "signal" },
  { script: UNTIL_ENDED, end: async (vm) => process.kill(vm.identity.pid, "SIGKILL"), cause: "monitor" },
  { script: UNTIL_ENDED, detached: true, end: (vm) => vm.stop(), cause: "stopped" },
  { script: "echo up", pid1: true, cause: "guest" },
];
const CYCLES = cycles(ENDINGS.length);

test(`${CYCLES} VMs that end in every way leave no process, descriptor, mount, socket or file`, {
  timeout: 120_000 + CYCLES * CYCLE_MS,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  const root = await busyboxRoot(join(directory, "root"));
  const spec = ({ script, pid1 = false }: Ending): VmSpec => ({
    ...{ vcpus: 1, memoryMib: 256, root: { path: root, readOnly: true }, streams: true },
    init: { path: "/bin/busybox", args: ["sh", "-c", script], pid1 },
    vsockPorts: [{ port: 1, socketPath: join(directory, "agent.sock"), direction: "host-connects" }],
  });
  const recorded = join(directory, "state");
  const files = {
    log: { path: join(recorded, "log"), files: 2, maxBytes: 131_072 },
    exitPath: join(recorded, "exit.json"),
    statePath: join(recorded, "vm.json"),
  };
  async function cycle(ending: Ending): Promise<void> {
    const since = new Date();
    await mkdir(recorded, { recursive: true });
    await using vm = await launchVm(spec(ending), { ...files, detached: ending.detached });
    if (ending.end !== undefined) {
      await isUp(vm, since);
      await ending.end(vm, recorded);
    }
    expect(await vm.exited).toMatchObject({ cause: ending.cause });
  }
  // What is loaded and opened once for all, for a reader that follows too, shall not count; nor shall the names of log files.
  await cycle(ENDINGS[1] as Ending);
  const state = async () => {
    const { files, ...rest } = await leftovers(directory);
    return { ...rest, files: files.filter((name) => !/\blog\.\d+$/.test(name)) };
  };
  const before = await state();
  for (let at = 0; at < CYCLES; at++) {
    await cycle(ENDINGS[at % ENDINGS.length] as Ending);
    if ((at + 1) % 10 === 0) console.log(`${at + 1} of ${CYCLES}`);
  }
  // Whose monitor was killed left no record of its end: the last one decides whether there is one.
  expect({ ...(await state()), files: [] }).toEqual({ ...before, files: [] });
  expect((await state()).files.filter((name) => !before.files.includes(name))).toEqual([]);
  await rm(directory, { recursive: true });
});

/** Waits until its program has spoken; the log holds what earlier VMs said, too. */
async function isUp(vm: VmProcess, since: Date): Promise<void> {
  for await (const entry of vm.logs({ follow: true, since })) {
    if (entry.stream !== "log" && entry.text.trimEnd() === "up") return;
  }
  throw new Error(`The VM ended early: ${(await vm.evidence()).consoleTail}`);
}
