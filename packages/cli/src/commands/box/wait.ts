import { createRuntime } from "@a3s/box-runtime";
import { AlreadyReported, InterruptedBySignal, reportError } from "../../output/error-report.ts";
import { printLines } from "../../output/print.ts";
import { interruptible } from "../interruption.ts";

/** `a3s-box wait`: prints the exit code of each in its turn; `unknown` where nobody knows it. */
export async function waitForBoxes(names: readonly string[]): Promise<void> {
  const { boxes } = createRuntime();
  await interruptible(async (signal) => {
    let failed = false;
    for (const name of names) {
      try {
        await using box = await boxes.get(name, { signal });
        const { exitCode } = await box.wait({ signal });
        printLines([exitCode === null ? "unknown" : String(exitCode)]);
      } catch (error) {
        if (error instanceof InterruptedBySignal) throw error;
        failed = true;
        process.stderr.write(reportError(error));
      }
    }
    if (failed) throw new AlreadyReported();
  });
}
