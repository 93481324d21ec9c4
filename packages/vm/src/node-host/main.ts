/** vm-host in Node.js, for platforms without a native one: native/vm-host/PROTOCOL.md. */
import { runMonitor } from "./monitor.ts";
import { probe } from "./probe.ts";

const [command, ...rest] = process.argv.slice(2);
if (command === "run" && rest.length === 0) {
  process.exit(await runMonitor());
} else if (command === "probe" && rest.length === 0) {
  process.stdout.write(`${JSON.stringify(probe())}\n`);
} else {
  process.stderr.write("usage: vm-host.js run 3<SPEC | vm-host.js probe\n");
  process.exitCode = 64;
}
