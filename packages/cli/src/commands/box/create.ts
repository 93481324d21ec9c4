import { type BoxCreateOptions, createRuntime, type Runtime } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";
import { needsSupervisor } from "../../options/supervision.ts";
import { printLines } from "../../output/print.ts";
import { reportTransfer } from "../../output/transfer-report.ts";
import { interruptible } from "../interruption.ts";
import { type BoxOptions, boxConfigOf } from "./box-options.ts";

/** Options of commands that make a box, as the command line gives them. */
export interface CreateOptions extends BoxOptions {
  readonly insecureRegistry: readonly string[];
  readonly interactive?: boolean;
  readonly name?: string;
  readonly quiet?: boolean;
  readonly rm?: boolean;
  readonly tty?: boolean;
}

const UNSUPERVISED =
  "a3s-box: restart policy, health check and lifetime are not in force until `a3s-box supervise` runs\n";

/** `a3s-box create`: prints the ID. */
export async function createBox(options: CreateOptions): Promise<void> {
  const runtime = runtimeFor(options);
  printLines([await interruptible((signal) => makeBox(runtime, options, signal))]);
}

/** A runtime that pulls as the command line says. */
export function runtimeFor({ insecureRegistry }: CreateOptions): Runtime {
  return createRuntime({ pull: { insecureRegistries: insecureRegistry } });
}

/**
 * Makes a box, with bars for an image that has to be pulled where somebody sees them.
 *
 * @returns its ID. Its handle is let go: that would end a box with `--rm` at its own end.
 */
export async function makeBox(runtime: Runtime, options: CreateOptions, signal: AbortSignal): Promise<string> {
  const { interactive = false, tty = false } = options;
  const how: BoxCreateOptions = { name: options.name, autoRemove: options.rm, main: { tty, stdin: interactive } };
  const config = boxConfigOf(options);
  if (options.rm && needsSupervisor({ restart: config.restart })) {
    throw new InvalidArgumentError("--rm and --restart exclude each other: a box that is gone is not started again");
  }
  using report = reportTransfer(process.stderr, options.quiet === true || !process.stderr.isTTY);
  using _pull = runtime.events.on("box.pull", ({ event }) => report.onProgress(event));
  const box = await runtime.boxes.create(config, { ...how, signal });
  if (needsSupervisor(config) && !(await box.inspect({ signal })).supervised) process.stderr.write(UNSUPERVISED);
  return box.id;
}
