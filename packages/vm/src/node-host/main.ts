import { becomeVm } from "./become-vm.ts";
import { run } from "./run.ts";

/**
 * vm-host as a program for Node.js, for platforms that have no native one: `run` speaks native/vm-host/PROTOCOL.md, `vm` is the process
 * that it starts to become the VM. docs/decisions/0015 says what it cannot do.
 */
const [command, ...rest] = process.argv.slice(2);
if (command === "run" && rest.length === 0) process.exit(await run());
else if (command === "vm" && rest.length === 0) becomeVm();
else {
  process.stderr.write("usage: vm-host.js run 3<SPEC\n");
  process.exitCode = 64;
}
