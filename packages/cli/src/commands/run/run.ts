import { type ExecProcess, VmManager } from "@a3s/box-runtime";
import { parseSecurityOptions } from "../../options/security.ts";
import { InterruptedBySignal } from "../../output/error-report.ts";
import { reportTransfer } from "../../output/transfer-report.ts";
import { writeFully } from "../../output/write-fully.ts";
import { joinTerminal, requireTerminal, terminalSize } from "../conversation/terminal.ts";
import { FORWARDED, onSignals } from "../interruption.ts";
import { type BoxOptions, boxConfigOf } from "./box-options.ts";

/** Options of `a3s-box run`, as the command line gives them. */
export interface RunOptions extends BoxOptions {
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly insecureRegistry: readonly string[];
  readonly securityOpt: readonly string[];
  readonly verbose?: boolean;
}

/**
 * `a3s-box run`: the command's exit code. A signal while the box boots ends the boot and cleans up; later signals go to
 * the command, as docker does it.
 */
export async function runImage(options: RunOptions): Promise<number> {
  const { interactive: keys = false, tty = false } = options;
  if (tty && keys) requireTerminal();
  const config = boxConfigOf(options);
  const security = parseSecurityOptions(options.securityOpt);
  const interruption = new AbortController();
  let running: ExecProcess | undefined;
  using _signals = onSignals((name, number) => {
    if (running === undefined) interruption.abort(new InterruptedBySignal(name, number));
    else running.kill(number);
  }, FORWARDED);
  await using vm = new VmManager(config, undefined, {
    pull: { insecureRegistries: options.insecureRegistry },
  });
  if (options.verbose) vm.events.on("box.stage", ({ stage }) => process.stderr.write(`a3s-box: ${stage}\n`));
  await boot(vm, interruption.signal);
  if (options.verbose) process.stderr.write(`${vm.timings}\n`);
  running = vm.run({
    ...security,
    stdin: keys ? process.stdin : undefined,
    tty: tty && terminalSize(),
  });
  using _terminal = tty ? joinTerminal(running, { keys }) : undefined;
  try {
    // Awaited here: the box is destroyed when this function is left.
    return await passThrough(running);
  } finally {
    // Nobody waits for a key any more.
    if (keys) process.stdin.destroy();
  }
}

/** With bars for an image that has to be pulled, where somebody sees them. */
async function boot(vm: VmManager, signal: AbortSignal): Promise<void> {
  using report = reportTransfer(process.stderr, !process.stderr.isTTY);
  using _pull = vm.events.on("box.pull", ({ event }) => report.onProgress(event));
  await vm.boot({ signal });
}

/** Copies output to this process's own as it arrives, at the pace of whoever reads it. */
async function passThrough(running: ExecProcess): Promise<number> {
  let exitCode = 0;
  for await (const event of running) {
    if (event.type === "stdout") await writeFully(process.stdout, event.data);
    else if (event.type === "stderr") await writeFully(process.stderr, event.data);
    else if (event.type === "exit") exitCode = event.exitCode;
  }
  return exitCode;
}
