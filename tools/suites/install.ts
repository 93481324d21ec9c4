import { type ExampleEnvironment, startExampleEnvironment } from "../pack-check/example-environment.ts";
import { type Installation, installPackages } from "../pack-check/installation.ts";
import { smokeTests } from "../pack-check/manifest.ts";
import type { InstalledProject } from "../pack-check/project.ts";
import { runCommand } from "./command.ts";
import { oneFailed, onePassed, sum } from "./counts.ts";
import type { Suite } from "./suite.ts";

/** One test a package: it installs alone with npm, plain Node can import it, and its README's examples run. */
export const install: Suite = {
  name: "install",
  what: "every package packs, installs alone and runs its README's examples",
  async run({ repository, signal }) {
    await using installation: Installation = await installPackages(repository, signal);
    const counts = installation.failed.map(({ manifest }) => {
      console.log(`FAILED ${manifest.name} (npm install)`);
      return oneFailed;
    });
    await using examples = await startExampleEnvironment(repository);
    for (const project of installation.projects) {
      const problem = await firstProblem(project, examples, signal);
      console.log(problem === undefined ? `ok     ${nameOf(project)}` : `FAILED ${nameOf(project)} (${problem})`);
      counts.push(problem === undefined ? onePassed : oneFailed);
    }
    return sum(counts);
  },
};

function nameOf({ published }: InstalledProject): string {
  return published.manifest.name;
}

async function firstProblem(
  { published, directory, examples }: InstalledProject,
  { env }: ExampleEnvironment,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (examples.length === 0) return `${published.directory}/README.md has no example marked "ts run"`;
  const here = examples.filter(({ vm }) => !vm).map(({ file }) => [file]);
  for (const args of [...smokeTests(published.manifest), ...here]) {
    const options = { cwd: directory, env, signal, timeoutMs: 60_000 };
    const { exitCode } = await runCommand([process.execPath, ...args], options);
    if (exitCode !== 0) return `node ${args.join(" ")}`;
  }
  return undefined;
}
