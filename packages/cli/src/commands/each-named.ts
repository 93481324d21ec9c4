import { AlreadyReported, reportError } from "../output/error-report.ts";
import { printLines } from "../output/print.ts";

/**
 * Does something to each of the named things, one after the other, and prints each name when it is done. As docker has it, one that fails is
 * reported and does not keep the others from their turn.
 *
 * @throws AlreadyReported when one failed.
 */
export async function eachNamed(names: readonly string[], task: (name: string) => Promise<unknown>): Promise<void> {
  let failed = false;
  for (const name of names) {
    try {
      await task(name);
      printLines([name]);
    } catch (error) {
      failed = true;
      process.stderr.write(reportError(error));
    }
  }
  if (failed) throw new AlreadyReported();
}
