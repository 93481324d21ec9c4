import { type Box, BoxError, type Boxes, type Runtime } from "@a3s/box-runtime";
import { needsSupervisor, parseSupervision } from "../../options/supervision.ts";
import { printLines } from "../../output/print.ts";
import { requireTerminal } from "../conversation/terminal.ts";
import { interruptible } from "../interruption.ts";
import { type CreateOptions, makeBox, runtimeFor } from "./create.ts";
import { joinMain } from "./join-main.ts";

/** Options of `a3s-box run`, as the command line gives them. */
export interface RunOptions extends CreateOptions {
  readonly detach?: boolean;
  readonly detachKeys?: string;
  readonly verbose?: boolean;
}

/**
 * `a3s-box run`: the exit code of the box's main process; with `--detach` its ID is printed, and it runs on. A signal while the box boots
 * ends the boot; later signals go to the main process, as docker does it.
 */
export async function runBox(options: RunOptions): Promise<number> {
  const runtime = runtimeFor(options);
  using _report = options.verbose ? reportBoot(runtime) : undefined;
  if (!options.detach) return await runAttached(runtime, options);
  await interruptible(async (signal) => {
    const id = await makeBox(runtime, options, signal);
    await using _box = await startBox(runtime.boxes, id, options, { signal });
    printLines([id]);
  });
  return 0;
}

async function runAttached(runtime: Runtime, options: RunOptions): Promise<number> {
  const { interactive = false, tty = false, detachKeys, rm = false } = options;
  // Before anything is made.
  if (interactive && tty) requireTerminal();
  let id: string | undefined;
  try {
    const end = await joinMain({ interactive, tty, detachKeys }, async ({ signal }) => {
      id = await makeBox(runtime, options, signal);
      return await startBox(runtime.boxes, id, options, { signal, onAttach: true });
    });
    if (end.type === "left") return 0;
    // One with a policy may run again by now.
    if (id !== undefined && !needsSupervisor(parseSupervision(options))) await settle(runtime.boxes, id, rm);
    return end.exitCode;
  } catch (error) {
    // Whoever it ran for is gone, or never had it.
    if (id !== undefined) await giveUp(runtime.boxes, id, rm);
    throw error;
  }
}

/** Starts a box that was just made; with `--rm` one that cannot be started goes. */
async function startBox(
  boxes: Boxes,
  id: string,
  { rm = false }: RunOptions,
  how: { readonly signal: AbortSignal; readonly onAttach?: boolean },
): Promise<Box> {
  const box = await boxes.get(id, { signal: how.signal });
  try {
    await box.start(how);
    return box;
  } catch (error) {
    await box[Symbol.asyncDispose]();
    if (rm) await unlessGone(boxes.remove(id, { force: true }));
    throw error;
  }
}

/** Resolves when the run of a box is over and written down; with `--rm` the box is gone then. */
async function settle(boxes: Boxes, id: string, rm: boolean): Promise<void> {
  await unlessGone(
    (async () => {
      await using box = await boxes.get(id);
      await box.wait();
      if (rm) await box.remove({ force: true });
    })(),
  );
}

async function giveUp(boxes: Boxes, id: string, rm: boolean): Promise<void> {
  if (rm) return await unlessGone(boxes.remove(id, { force: true }));
  await unlessGone(
    (async () => {
      await using box = await boxes.get(id);
      await box.stop({ graceMs: 0 });
    })(),
  );
}

/** Whoever sees the end of a box with `--rm` removes it: it may be gone already. */
async function unlessGone(task: Promise<void>): Promise<void> {
  try {
    await task;
  } catch (error) {
    if (!(error instanceof BoxError && error.code === "BOX_NOT_FOUND")) throw error;
  }
}

/** Says on standard error what a boot does, and where its time went. */
function reportBoot({ events }: Runtime): Disposable {
  const listeners = new DisposableStack();
  listeners.use(events.on("box.stage", ({ stage }) => process.stderr.write(`a3s-box: ${stage}\n`)));
  listeners.use(events.on("box.started", ({ timings }) => process.stderr.write(`${timings}\n`)));
  return listeners;
}
