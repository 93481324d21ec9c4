/** Characters of a command in a table, as docker has it. */
const SHORT = 20;

/** A command for people: words with blanks between them, in quotes where a shell would read more than a word. What steers a terminal is shown as it is escaped. */
export function formatCommand(argv: readonly string[], { whole }: { readonly whole: boolean }): string {
  const text = argv.map(quoted).join(" ");
  const characters = [...text];
  return whole || characters.length <= SHORT ? text : `${characters.slice(0, SHORT - 1).join("")}…`;
}

function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const plain = word.replace(/\p{Cc}|\p{Cf}/gu, escaped);
  return `'${plain.replaceAll("'", "'\\''")}'`;
}

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
