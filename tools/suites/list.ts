import { checks } from "./checks.ts";
import { install } from "./install.ts";
import { rust } from "./rust.ts";
import type { Suite } from "./suite.ts";
import { unit } from "./unit.ts";
import { vm } from "./vm.ts";
import { vmExamples } from "./vm-examples.ts";

const turbo = (task: string): [string, ...string[]] => [
  "turbo",
  "run",
  task,
  "--output-logs=errors-only",
  "--continue",
];

/**
 * Everything that `npm test` runs, cheapest first: stages one after the other, in each of them tracks beside each other, in each of those
 * suites one after the other. A track takes about a core: what waits for processes and disks goes beside what computes.
 */
export const stages: readonly (readonly (readonly Suite[])[])[] = [
  [
    [
      checks("lint", "format and lint, by Biome", ["biome", "check", "--error-on-warnings"]),
      checks("generated", "generated files are fresh", ["node", "tools/generate/main.ts", "--check"]),
      checks("types", "TypeScript of every package and tool", turbo("typecheck"), ["tsc", "-p", "."]),
      checks("unused", "dead code, unused exports and dependencies, by knip", ["knip"]),
      checks("publishing", "what a package publishes, by publint and attw", turbo("lint:package")),
    ],
  ],
  [
    [unit],
    [
      rust,
      install,
      checks("kvm-host", "the emulated KVM host, tried in earnest", ["node", "--test", "tools/kvm-host/selftest.ts"]),
    ],
  ],
  [[vmExamples], [vm]],
];

export const suites: readonly Suite[] = stages.flat(2);
