import { parseArgs } from "node:util";

export interface SuiteOptions {
  /** The long versions of tests too. */
  readonly soak: boolean;
  /** Names of the suites to run; all when empty. */
  readonly only: readonly string[];
  /** Of the suites of tests, files whose path holds one of these; all when empty. */
  readonly files: readonly string[];
}

export const usage = `Usage: npm test [-- --only NAME]... [--file TEXT]... [--list]

  --only NAME   run this suite; may be given more than once
  --file TEXT   of the suites unit and vm, only test files with this in their path; may be given more than once
  --soak        run the long versions of tests too (npm run soak)
  --list        name the suites
`;

/** Throws an Error whose message is for the user. */
export function parseOptions(
  args: readonly string[],
  names: readonly string[],
): SuiteOptions & { readonly list: boolean } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true },
      file: { type: "string", multiple: true },
      soak: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const only = values.only ?? [];
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no suite "${unknown}"; there are ${names.join(", ")}.`);
  return { soak: values.soak, list: values.list, only, files: values.file ?? [] };
}
