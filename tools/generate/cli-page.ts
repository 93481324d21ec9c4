import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import { JSON_OUTPUTS } from "../../packages/cli/src/json/outputs.ts";
import { examplesOf } from "../../packages/cli/src/program/examples.ts";
import { buildProgram } from "../../packages/cli/src/program/program.ts";
import { fieldRows, type JsonShape } from "./json-fields.ts";

type Command = ReturnType<typeof buildProgram>;

const path = "docs/cli.md";

const head = `# The command line

Every command of [\`a3s-box\`](../packages/cli/README.md), by \`npm run generate\` from the definition of the command line itself; a test holds them together.
Flags have docker's names where they mean the same.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | failed, or a command or a number of arguments that makes no sense |
| 125 | a flag that makes no sense, or (\`run\`, \`create\`) the runtime itself failed |
| 126, 127 | (\`run\`, \`exec\`) the command cannot be executed, or does not exist |
| 128 + N | signal N ended the command, or this one |

\`run\`, \`exec\`, \`attach\` and \`start --attach\` end with the exit code of the command that they stay with.

What a program is to read goes to standard output; progress and errors go to standard error. With \`NO_COLOR\` nothing is coloured.
JSON is indented; fields that may be missing are marked with a \`?\`, \`[]\` stands for each element, and fields may be added.
`;

/** The page, from the definition. */
export function cliPage(): string {
  const program = buildProgram({ exit: () => {}, failWith: () => {} });
  return `${head}${leaves(program, "").map(section).join("")}`;
}

/** Every command that does something, with its whole name. */
function leaves(command: Command, name: string): { readonly command: Command; readonly name: string }[] {
  const inner = command.createHelp().visibleCommands(command);
  const commands = inner.filter((each) => each.name() !== "help");
  if (commands.length === 0) return [{ command, name }];
  return commands.flatMap((each) => leaves(each, `${name} ${each.name()}`.trim()));
}

function section({ command, name }: ReturnType<typeof leaves>[number]): string {
  const help = command.createHelp();
  const output = JSON_OUTPUTS[name as keyof typeof JSON_OUTPUTS];
  return [
    `\n## ${name}\n`,
    `${sentence(command.description())}\n`,
    `\`\`\`sh\na3s-box ${name} ${command.usage()}\n\`\`\`\n`,
    table(
      ["Argument or flag", "Meaning"],
      [
        ...help
          .visibleArguments(command)
          .map((each) => [code(help.argumentTerm(each)), help.argumentDescription(each)]),
        ...help
          .visibleOptions(command)
          .filter(({ long }) => long !== "--help")
          .map((each) => [code(help.optionTerm(each)), help.optionDescription(each)]),
      ],
    ),
    `Examples:\n\n\`\`\`sh\n${examplesOf(command).join("\n")}\n\`\`\`\n`,
    ...(output === undefined ? [] : ["JSON:\n", table(["Field", "Type", "Meaning"], fields(output))]),
  ].join("\n");
}

function fields(output: (typeof JSON_OUTPUTS)[keyof typeof JSON_OUTPUTS]): string[][] {
  const shape = toJsonSchema(output, { errorMode: "ignore" }) as JsonShape;
  return fieldRows(shape).map(({ field, type, meaning }) => [code(field), type, meaning]);
}

function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return `${line(names)}|${names.map(() => "---|").join("")}\n${rows.map(line).join("")}`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function sentence(description: string): string {
  return `${description.charAt(0).toUpperCase()}${description.slice(1)}.`;
}

export async function writeCliPage(repository: string): Promise<void> {
  await writeFile(join(repository, path), cliPage());
}

/** One sentence when docs/cli.md is not what the definition gives. */
export async function staleCliPage(repository: string): Promise<string[]> {
  const page = await readFile(join(repository, path), "utf8").catch(() => "");
  return page === cliPage() ? [] : [`${path} is stale`];
}
