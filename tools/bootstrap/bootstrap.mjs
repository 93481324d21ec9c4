import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { constants } from "node:os";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { become } from "./child.mjs";
import { fingerprint } from "./fingerprint.mjs";
import { lockBootstrap } from "./lock.mjs";
import { Progress } from "./progress.mjs";
import { runSteps, StepFailure } from "./schedule.mjs";
import { Stamp } from "./stamp.mjs";
import { bootstrapSteps } from "./steps.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
const state = join(root, ".cache/bootstrap");

const toolchainOnly = "--toolchain-only";

/**
 * Brings the checkout up to date, runs the command, if any, and returns the exit code. After `--toolchain-only` the
 * command gets Node and pnpm and nothing more, which is what mends a lock file that pnpm refuses.
 */
export async function bootstrap(args) {
  const only = args[0] === toolchainOnly ? ["toolchain"] : undefined;
  const progress = new Progress();
  const interruption = new AbortController();
  const interrupt = (name) => interruption.abort(128 + constants.signals[name]);
  const names = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const name of names) process.on(name, interrupt);
  const place = await findPlace();
  try {
    await bringUpToDate(place, only, progress, interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) return interruption.signal.reason;
    if (!(error instanceof StepFailure)) throw error;
    await explain(error, progress);
    return 1;
  }
  for (const name of names) process.removeListener(name, interrupt);
  const [program, ...rest] = only ? args.slice(1) : args;
  return program === undefined ? 0 : await run(program, rest, place.env);
}

async function findPlace() {
  const toolchain = join(root, ".cache/toolchain");
  const bins = [join(toolchain, "node_modules/.bin"), join(root, "node_modules/.bin")];
  const path = [...bins, process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
  const workspace = [];
  for (const parent of ["packages", "native/npm"]) {
    for (const name of await readdir(join(root, parent))) workspace.push(`${parent}/${name}`);
  }
  return { root, toolchain, env, ownEnv: process.env, workspace };
}

async function bringUpToDate(place, only, progress, signal) {
  const begin = performance.now();
  const steps = bootstrapSteps(place).filter((step) => only === undefined || only.includes(step.name));
  await mkdir(state, { recursive: true });
  const release = await lockBootstrap(join(state, "lock"), () =>
    progress.note("waiting for another one in this checkout"),
  );
  try {
    await runSteps(steps, (step, stop) => runStep(step, progress, stop), signal);
  } finally {
    release();
  }
  progress.note(`everything is in place (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
}

async function runStep(step, progress, signal) {
  const stamp = new Stamp(state, step.name);
  const need = step.needed ? await step.needed() : { what: step.what };
  if (need === undefined) return;
  const print = step.inputs && (await fingerprint(root, step.inputs, [process.platform, process.arch]));
  if (print && (await stamp.holds(print, step.outputs))) return;
  progress.started(step.name, need.what);
  const log = logOf(step);
  await rm(log, { force: true });
  await stamp.clear();
  try {
    await step.run({ log, signal, need });
  } catch (error) {
    if (!signal.aborted) progress.failed(step.name);
    throw error;
  }
  if (print) await stamp.write(print);
  progress.done(step.name, need.what);
}

function logOf(step) {
  return join(state, `${step.name}.log`);
}

/** The log's end and, below it where it is seen, one sentence on what failed and how to go on. */
async function explain({ step, message }, progress) {
  const log = await readFile(logOf(step), "utf8").catch(() => "");
  const tail = log.trimEnd().split("\n").slice(-25);
  if (log !== "") process.stderr.write(`\n${tail.map((line) => `  ${line}`).join("\n")}\n\n`);
  const full = log === "" ? "" : ` (full log: ${relative(process.cwd(), logOf(step))})`;
  progress.note(`step "${step.name}" failed: ${message}${full}`);
  if (log !== "") progress.note(step.fix);
}

async function run(program, args, env) {
  try {
    return await become(program, args, env);
  } catch (error) {
    if (error?.code !== "ENOENT") throw error;
    process.stderr.write(`bootstrap: "${program}" is not a program here\n`);
    return 127;
  }
}
