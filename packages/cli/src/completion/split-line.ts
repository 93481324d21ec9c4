/**
 * The words of an unfinished command line, without their quotes, the one at its end last; nothing is expanded. bash's own words will not do:
 * it cuts them at colons, which every image has.
 */
export function splitLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (const [, blank, single, double, escaped, other] of line.matchAll(PIECES)) {
    if (blank === undefined) {
      word = (word ?? "") + (single ?? double?.replace(/\\([$`"\\])/g, "$1") ?? escaped ?? other ?? "");
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return [...words, word ?? ""];
}

/** Blanks, 'single', "double", \escaped, anything else; a quote that is still open ends with the line. */
const PIECES = /(\s+)|'([^']*)(?:'|$)|"((?:\\.|[^"\\])*)(?:"|$)|\\(.?)|([^\s'"\\]+)/gs;
