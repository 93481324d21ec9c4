import { constants } from "node:os";
import { parseInvocation } from "./arguments.ts";
import { KvmHostError } from "./errors.ts";
import { runInKvmHost } from "./kvm-host.ts";

/** As `timeout` and `docker run` have them: the command ran out of time; it could not be run at all. */
const exitCodes = { timeout: 124, failed: 125 };

class Interrupted extends Error {
  readonly exitCode: number;
  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`ended by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

async function main(): Promise<number> {
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => interruption.abort(new Interrupted(name)));
  try {
    const { run, verbose } = parseInvocation(process.argv.slice(2), process.env);
    const console = verbose ? { console: process.stderr } : {};
    const { exitCode, longestPauseMs } = await runInKvmHost({ ...run, ...console, signal: interruption.signal });
    if (verbose)
      process.stderr.write(`kvm-host: longest silence of its heart: ${(longestPauseMs / 1000).toFixed(1)} s\n`);
    return exitCode;
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof KvmHostError && error.console !== "") process.stderr.write(`${error.console.trimEnd()}\n`);
    process.stderr.write(`kvm-host: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof KvmHostError && error.code === "TIMEOUT" ? exitCodes.timeout : exitCodes.failed;
  }
}

process.exitCode = await main();
