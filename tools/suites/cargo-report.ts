import { type Counts, sum } from "./counts.ts";

/** Sums the closing lines of every test binary that `cargo test` ran. */
export function parseCargoTest(output: string): Counts {
  const lines = output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm);
  return sum(
    [...lines].map(([, passed, failed, skipped]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(skipped),
    })),
  );
}
