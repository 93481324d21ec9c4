/** A simple command, whose words are expanded when it runs. */
export interface SimpleCommand {
  readonly words: readonly (readonly WordPart[])[];
  /** `>&2` */
  readonly toStderr: boolean;
}

/** `while :; do ...; done`: waits for a signal in a way that cannot miss it. */
export interface EndlessLoop {
  readonly body: readonly SimpleCommand[];
}

export type ShellCommand = SimpleCommand | EndlessLoop;

/** Text as it is, or the name of a variable. */
export type WordPart = { readonly text: string } | { readonly variable: string };

/**
 * Parses what the double's shell knows: simple commands one after the other, quotes, `$NAME`, `$?`, `$$`, `>&2` and
 * `while :`. What else a script holds is refused, so that no test takes the double for a shell.
 *
 * @throws Error that names what is not known.
 */
export function parseShell(script: string): ShellCommand[] {
  const commands: SimpleCommand[] = [];
  let words: WordPart[][] = [];
  let word: WordPart[] | undefined;
  let toStderr = false;
  const add = (part: WordPart) => {
    word ??= [];
    word.push(part);
  };
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push({ words, toStderr });
    words = [];
    toStderr = false;
  };
  const rest = new Scanner(script);
  for (;;) {
    const token = rest.next();
    if (token === undefined) break;
    if ("blank" in token) endWord();
    else if ("end" in token) endCommand();
    else if ("toStderr" in token) {
      endWord();
      toStderr = true;
    } else add(token);
  }
  endCommand();
  return withLoops(commands);
}

function withLoops(commands: readonly SimpleCommand[]): ShellCommand[] {
  const folded: ShellCommand[] = [];
  for (let index = 0; index < commands.length; index++) {
    const command = commands[index] as SimpleCommand;
    if (!isLiteral(command, "while")) {
      folded.push(command);
      continue;
    }
    const end = commands.findIndex((each, at) => at > index && isLiteral(each, "done"));
    const [first, ...rest] = commands.slice(index + 1, end);
    const isKnown = command.words.length === 2 && isLiteral(command, ":", 1) && first && isLiteral(first, "do");
    if (end < 0 || !isKnown) throw new Error("the agent's double knows no other loop than while :");
    folded.push({ body: [{ ...first, words: first.words.slice(1) }, ...rest] });
    index = end;
  }
  return folded;
}

function isLiteral({ words }: SimpleCommand, text: string, word = 0): boolean {
  const parts = words[word];
  return parts?.length === 1 && parts[0] !== undefined && "text" in parts[0] && parts[0].text === text;
}

type Token = WordPart | { readonly blank: true } | { readonly end: true } | { readonly toStderr: true };

const TOKENS: readonly (readonly [RegExp, (match: string[]) => Token])[] = [
  [/^(?:[ \t]+)/, () => ({ blank: true })],
  [/^(?:;|\n)/, () => ({ end: true })],
  [/^1?>&2/, () => ({ toStderr: true })],
  [/^'([^']*)'/, ([, text = ""]) => ({ text })],
  [/^\$(\w+|\?|\$)/, ([, variable = ""]) => ({ variable })],
  [/^\\(.)/s, ([, text = ""]) => ({ text })],
  [/^[^\s;&|<>()$`"'\\*?[\]{}#!~]+/, ([text = ""]) => ({ text })],
];
const QUOTED: typeof TOKENS = [
  [/^\$(\w+|\?|\$)/, ([, variable = ""]) => ({ variable })],
  [/^\\(["\\$`])/, ([, text = ""]) => ({ text })],
  [/^(?:[^"$`\\]|\\(?!["\\$`]))+/, ([text = ""]) => ({ text })],
];

class Scanner {
  #rest: string;
  #quoted = false;

  constructor(script: string) {
    this.#rest = script;
  }

  next(): Token | undefined {
    if (this.#rest.startsWith('"')) {
      this.#rest = this.#rest.slice(1);
      this.#quoted = !this.#quoted;
      return { text: "" };
    }
    if (this.#rest === "" && !this.#quoted) return undefined;
    for (const [pattern, token] of this.#quoted ? QUOTED : TOKENS) {
      const match = pattern.exec(this.#rest);
      if (match === null) continue;
      this.#rest = this.#rest.slice(match[0].length);
      return token(match);
    }
    throw new Error(`the agent's double knows no such shell syntax: ${JSON.stringify(this.#rest.slice(0, 20))}`);
  }
}
