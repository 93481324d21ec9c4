import type { Argument, Command, Option } from "commander";

/** What may stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** Things of the home directory that have names. */
export type NameKind = "box" | "image" | "network" | "network-or-kind" | "volume";

/** What completes a command line: fixed candidates, names that have to be looked up, paths of the shell's own. */
export interface CompletionPlan {
  /** What the word begins with and keeps, such as `--output=`. */
  readonly prefix: string;
  /** What follows it so far. */
  readonly word: string;
  readonly candidates: readonly Candidate[];
  readonly names?: NameKind;
  /** What follows a name, such as the colon before a path; the word goes on behind it. */
  readonly nameSuffix?: string;
  readonly files: boolean;
}

/**
 * What completes the last of the words, by the definition of the command line. The placeholder of an argument or of an option's value says
 * what it is: `<image>` is the name of an image, `<file>` a path.
 *
 * @param words all words behind the program's name, the one at the cursor last, which may be empty.
 */
export function planCompletion(program: Command, words: readonly string[]): CompletionPlan {
  const word = words.at(-1) ?? "";
  const { command, positionals, wants, onlyPositionals } = walk(program, words.slice(0, -1));
  if (wants !== undefined) return ofValue(wants, "", word);
  if (!onlyPositionals && word.startsWith("-")) {
    const [, flag = "", value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = value === undefined ? undefined : findOption(command, flag);
    if (option !== undefined && value !== undefined) return ofValue(option, `${flag}=`, value);
    return { ...plain(word), candidates: flagsOf(command) };
  }
  const subcommands = command.createHelp().visibleCommands(command);
  if (subcommands.length > 0) return { ...plain(word), candidates: subcommands.map(describe) };
  const argument = argumentAt(command.registeredArguments, positionals);
  return argument === undefined ? plain(word) : ofValue(argument, "", word);
}

interface Place {
  readonly command: Command;
  /** Arguments of the command so far. */
  readonly positionals: number;
  /** The option whose value the next word is. */
  readonly wants: Option | undefined;
  /** No option follows any more. */
  readonly onlyPositionals: boolean;
}

function walk(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, positionals: 0, wants: undefined, onlyPositionals: false };
  for (const word of words) place = step(place, word);
  return place;
}

function step(place: Place, word: string): Place {
  const { command, positionals, wants, onlyPositionals } = place;
  if (wants !== undefined) return { ...place, wants: undefined };
  if (!onlyPositionals && word === "--") return { ...place, onlyPositionals: true };
  if (!onlyPositionals && word.startsWith("-") && word !== "-") return { ...place, wants: wantedBy(command, word) };
  const subcommand = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
  if (subcommand !== undefined && positionals === 0) return { ...place, command: subcommand };
  // After an image, `run` leaves everything to the command there.
  return { ...place, positionals: positionals + 1, onlyPositionals: onlyPositionals || stopsAtArguments(command) };
}

/** commander has no public question for `passThroughOptions`; a command that takes another one is the one that has it. */
function stopsAtArguments(command: Command): boolean {
  return command.registeredArguments.some((argument) => argument.name() === "command");
}

/** The option of a word such as `--output`, `-o` or `-it` that takes its value from the next word. */
function wantedBy(command: Command, word: string): Option | undefined {
  if (word.startsWith("--")) return word.includes("=") ? undefined : takesValue(findOption(command, word));
  for (let at = 1; at < word.length; at++) {
    const option = takesValue(findOption(command, `-${word[at]}`));
    if (option !== undefined) return at === word.length - 1 ? option : undefined;
  }
  return undefined;
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find(({ short, long }) => short === flag || long === flag);
}

function takesValue(option: Option | undefined): Option | undefined {
  return option?.required ? option : undefined;
}

function argumentAt(all: readonly Argument[], index: number): Argument | undefined {
  return all[index] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
}

function plain(word: string): CompletionPlan {
  return { prefix: "", word, candidates: [], files: false };
}

function flagsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => ({ value: long ?? short ?? "", description }));
}

function describe(command: Command): Candidate {
  return { value: command.name(), description: command.description() };
}

/** By placeholder: which names there are, and whether a path may stand there. */
const PLACEHOLDERS: Readonly<Record<string, Pick<CompletionPlan, "names" | "nameSuffix"> & { files?: true }>> = {
  box: { names: "box" },
  from: { names: "box", nameSuffix: ":", files: true },
  to: { names: "box", nameSuffix: ":", files: true },
  image: { names: "image" },
  source: { names: "image" },
  network: { names: "network" },
  "network|kind": { names: "network-or-kind" },
  volume: { names: "volume" },
  "source:target[:ro]": { names: "volume", nameSuffix: ":", files: true },
  file: { files: true },
  path: { files: true },
};

function ofValue(taker: Argument | Option, prefix: string, word: string): CompletionPlan {
  const choices = taker.argChoices ?? [];
  if (choices.length > 0) {
    return { ...plain(word), prefix, candidates: choices.map((value) => ({ value, description: "" })) };
  }
  return { ...plain(word), prefix, ...PLACEHOLDERS[placeholderOf(taker)] };
}

function placeholderOf(taker: Argument | Option): string {
  if (!("flags" in taker)) return taker.name();
  return /<(.+)>$/.exec(taker.flags)?.[1] ?? "";
}
