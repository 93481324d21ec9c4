/** A step that failed, with the sentence that says how to go on. */
export class StepFailure extends Error {
  constructor(step, cause) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.step = step;
  }
}

/**
 * Runs each step as soon as those that it names in `after` are done. When one fails the others are aborted, and its
 * failure is thrown after all have ended.
 */
export async function runSteps(steps, runStep, interruption) {
  const stop = new AbortController();
  const interrupt = () => stop.abort(interruption.reason);
  interruption.addEventListener("abort", interrupt, { once: true });
  const running = new Map();
  for (const step of steps) {
    const before = (step.after ?? []).map((name) => running.get(name));
    running.set(step.name, runAfter(before, step, runStep, stop));
  }
  await Promise.all([...running.values()].map((ended) => ended.catch(() => undefined)));
  interruption.removeEventListener("abort", interrupt);
  stop.signal.throwIfAborted();
}

async function runAfter(before, step, runStep, stop) {
  await Promise.all(before);
  try {
    stop.signal.throwIfAborted();
    await runStep(step, stop.signal);
  } catch (error) {
    // The first failure is the one to tell; those that follow from the abort have nothing to add.
    stop.abort(new StepFailure(step, error));
    throw error;
  }
}
