/** Most characters of a repository, `library/` included, without the registry. */
export const MAX_REPOSITORY_LENGTH = 255;
/** Most characters of a tag. */
const MAX_TAG_LENGTH = 128;

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const HOST = `(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:]+\\])`;
/** Separators inside a path component: one period, one or two underscores, any number of dashes. */
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";

const DOMAIN = new RegExp(`^${HOST}(?::(?<port>[0-9]+))?$`);
const PATH_COMPONENT = new RegExp(`^${COMPONENT}$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** What is wrong with a part of a reference, as the end of a sentence that starts with the part. */
export type Fault = string;

/** Checks `host[:port]`. */
export function domainFault(domain: string): Fault | undefined {
  const match = DOMAIN.exec(domain);
  if (match === null) return "is not a host name, IPv4 address or [IPv6 address] with an optional port";
  const port = match.groups?.["port"];
  if (port !== undefined && Number(port) > 65_535) return "has a port above 65535";
  // The grammar passes hosts such as [:::] and 256.1.1.1 that no URL can hold.
  return URL.canParse(`https://${domain}`) ? undefined : "is not a possible host";
}

/** Checks one component of a repository path. */
export function pathComponentFault(component: string): Fault | undefined {
  if (PATH_COMPONENT.test(component)) return undefined;
  if (component === "") return "is empty";
  if (PATH_COMPONENT.test(component.toLowerCase())) return "must be lower case";
  return "may hold a-z and 0-9, separated by one period, one or two underscores, or dashes";
}

/** Checks a tag. */
export function tagFault(tag: string): Fault | undefined {
  if (TAG.test(tag)) return undefined;
  if (tag === "") return "is empty";
  if (tag.length > MAX_TAG_LENGTH) return `is longer than ${MAX_TAG_LENGTH} characters`;
  return "may hold letters, digits, underscores, periods and dashes, and starts with none of the last two";
}
