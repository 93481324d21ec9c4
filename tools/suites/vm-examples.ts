import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { busyboxImage } from "../images/busybox.ts";
import { installPackages } from "../pack-check/installation.ts";
import { type Counts, oneFailed, onePassed, sum } from "./counts.ts";
import { withMachine } from "./machines.ts";
import type { Suite } from "./suite.ts";
import { runWithKvm } from "./with-kvm.ts";

/** One test an example: READMEs' examples that boot a VM, run from packages that were installed from their tarballs. */
export const vmExamples: Suite = {
  name: "vm-examples",
  what: "READMEs' examples that boot a VM, from installed packages",
  async run(context) {
    const { repository, signal } = context;
    await using installation = await installPackages(repository, signal, ({ examples }) =>
      examples.some(({ vm }) => vm),
    );
    const examples = installation.projects.flatMap((project) =>
      project.examples.filter(({ vm }) => vm).map(({ file }) => join(project.directory, file)),
    );
    if (examples.length === 0) return oneFailed;
    const { layout, tag } = await busyboxImage();
    const result = join(context.directory, "result.json");
    const runner = [
      process.execPath,
      join(repository, "tools/pack-check/run-examples/main.ts"),
      result,
      ...examples,
    ] as const;
    const env = { A3S_EXAMPLE_IMAGE: `oci:${layout}:${tag}` };
    await withMachine(() => runWithKvm([...runner], { ...context, cwd: installation.directory }, env));
    return sum([...installation.failed.map(() => oneFailed), await exampleCounts(result, examples)]);
  },
};

async function exampleCounts(result: string, examples: readonly string[]): Promise<Counts> {
  const codes = JSON.parse(await readFile(result, "utf8").catch(() => "{}")) as Record<string, number>;
  return sum(examples.map((example) => (codes[example] === 0 ? onePassed : oneFailed)));
}
