import { AlreadyReported, InterruptedBySignal, reportError } from "../output/error-report.ts";
import { printLines } from "../output/print.ts";

/**
 * Does something to each of the named things, and prints each name when it is done. As docker has it, one that fails is reported and does not
 * keep the others from their turn.
 *
 * @param options.atOnce how many have their turn at a time; one by default
 * @throws AlreadyReported when one failed; InterruptedBySignal at once.
 */
export async function eachNamed(
  names: readonly string[],
  task: (name: string) => Promise<unknown>,
  { atOnce = 1 }: { readonly atOnce?: number } = {},
): Promise<void> {
  let failed = false;
  const waiting = names.values();
  const takeTurns = async () => {
    for (const name of waiting) {
      try {
        await task(name);
        printLines([name]);
      } catch (error) {
        if (error instanceof InterruptedBySignal) throw error;
        failed = true;
        process.stderr.write(reportError(error));
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, names.length) }, takeTurns));
  if (failed) throw new AlreadyReported();
}
