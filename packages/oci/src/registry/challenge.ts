/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.3). Names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longer headers are cut: nothing a registry means to say needs more. */
const MAX_HEADER = 8192;

const TOKEN = "[!#$%&'*+.^_`|~A-Za-z0-9-]+";
const BETWEEN = /[\s,]*/y;
const PARAMETER = new RegExp(`(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`, "y");
const SCHEME = new RegExp(`${TOKEN}(?=[\\s,]|$)`, "y");
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[\s,]|$)/y;

/** Parses a `WWW-Authenticate` header. What cannot be read ends the list; of a repeated parameter the first counts. */
export function parseChallenges(header: string): readonly Challenge[] {
  const text = header.slice(0, MAX_HEADER);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(text);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  for (take(BETWEEN); position < text.length; take(BETWEEN)) {
    const current = challenges.at(-1);
    const parameter = current === undefined ? null : take(PARAMETER);
    if (parameter !== null) {
      const name = parameter[1]?.toLowerCase() ?? "";
      const value = parameter[2]?.replace(/\\(.)/g, "$1") ?? parameter[3] ?? "";
      if (current?.parameters.has(name) === false) current.parameters.set(name, value);
      continue;
    }
    const scheme = take(SCHEME);
    if (scheme !== null) challenges.push({ scheme: scheme[0].toLowerCase(), parameters: new Map() });
    else if (take(TOKEN68) === null) break;
  }
  return challenges;
}
