import { type LaunchOptions, launchVm, type VmSpec } from "../src/index.ts";

/** What creator.ts is to start. */
export interface CreatorRequest {
  readonly spec: VmSpec;
  readonly options: Omit<LaunchOptions, "signal">;
  /** Whether it stays until it is killed. */
  readonly linger?: boolean;
  /** Whether it waits for the VM's end and says it, on a second line. */
  readonly report?: boolean;
}

/** Starts a VM and says its identity, and what is in force of its jail. Ends when nothing is left to wait for: at once, when the VM is detached. */
if (process.argv[2] !== undefined) {
  const { spec, options, linger, report } = JSON.parse(process.argv[2]) as CreatorRequest;
  const vm = await launchVm(spec, options);
  process.stdout.write(`${JSON.stringify({ ...vm.identity, vmPid: vm.vmPid, jail: vm.jail })}\n`);
  if (report) process.stdout.write(`${JSON.stringify(await vm.exited)}\n`);
  if (linger) process.stdin.resume();
}
