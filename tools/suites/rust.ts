import { join } from "node:path";
import { parseCargoTest } from "./cargo-report.ts";
import { checks } from "./checks.ts";
import { runCommand } from "./command.ts";
import { oneFailed, sum, withCrash } from "./counts.ts";
import type { Suite } from "./suite.ts";

const workspace = ["--workspace", "--locked"] as const;

export const rust: Suite = {
  name: "rust",
  what: "rustfmt, clippy and cargo test",
  async run(context) {
    const cwd = join(context.repository, "native");
    const lints = checks(
      "rust lints",
      "",
      ["cargo", "fmt", "--all", "--check"],
      ["cargo", "clippy", ...workspace, "--all-targets", "--quiet", "--", "-D", "warnings"],
    );
    const linted = await lints.run({ ...context, repository: cwd });
    const { exitCode, output } = await runCommand(["cargo", "test", ...workspace, "--no-fail-fast", "--quiet"], {
      cwd,
      signal: context.signal,
      live: true,
      env: context.soak ? { A3S_SOAK: "1" } : {},
    });
    const tests = withCrash(parseCargoTest(output), exitCode);
    return sum([linted, tests.passed + tests.failed === 0 ? oneFailed : tests]);
  },
};
