import { runCommand } from "./command.ts";
import { oneFailed, onePassed, sum } from "./counts.ts";
import type { Suite } from "./suite.ts";

/** A suite of commands that each pass or fail as a whole: one test a command. */
export function checks(name: string, what: string, ...commands: readonly [string, ...string[]][]): Suite {
  return {
    name,
    what,
    async run({ repository, signal }) {
      const counts = [];
      for (const command of commands) {
        const { exitCode } = await runCommand(command, { cwd: repository, signal });
        counts.push(exitCode === 0 ? onePassed : oneFailed);
      }
      return sum(counts);
    },
  };
}
