import { isIP } from "node:net";

/** A line of the guest's /etc/hosts. */
export interface GuestHost {
  /** IPv4 or IPv6. */
  readonly address: string;
  readonly names: readonly string[];
}

/** What the guest's resolv.conf(5) says. */
export interface GuestResolver {
  /** IPv4 or IPv6. */
  readonly servers: readonly string[];
  readonly search?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

/** A word of hosts(5) and resolv.conf(5): no blank, no beginning of a comment; as long as a domain name. */
const WORD = /^[\x21-\x7e]{1,253}$/;
const MAX_ENTRIES = 256;
/** What container engines let a container set. */
const SYSCTL = /^(net|fs\.mqueue|kernel\.sem$|kernel\.shm[^.]*|kernel\.msg[^.]*)(\.[a-z0-9_-]+)*$/i;

/** What of the names and parameters no guest can take; nothing when all is right. */
export function namesFaults(
  hosts: readonly GuestHost[],
  resolver: GuestResolver | undefined,
  sysctls: Readonly<Record<string, string>>,
): string[] {
  const faults: string[] = [];
  const check = (right: boolean, fault: string) => void (right || faults.push(fault));
  const checkAddress = (address: string, field: string) => check(isIP(address) !== 0, `${field}: an IP address`);
  const checkWords = (words: readonly string[], field: string) =>
    check(words.length <= MAX_ENTRIES && words.every(isWord), `${field}: at most ${MAX_ENTRIES} words without blanks`);
  check(hosts.length <= MAX_ENTRIES, `hosts: at most ${MAX_ENTRIES}`);
  for (const [index, { address, names }] of hosts.entries()) {
    checkAddress(address, `hosts.${index}.address`);
    check(names.length > 0, `hosts.${index}.names: at least one`);
    checkWords(names, `hosts.${index}.names`);
  }
  const { servers = [], search = [], options = [] } = resolver ?? {};
  check(servers.length <= MAX_ENTRIES, `resolver.servers: at most ${MAX_ENTRIES}`);
  for (const [index, server] of servers.entries()) checkAddress(server, `resolver.servers.${index}`);
  checkWords(search, "resolver.search");
  checkWords(options, "resolver.options");
  const entries = Object.entries(sysctls);
  check(entries.length <= MAX_ENTRIES, `sysctls: at most ${MAX_ENTRIES}`);
  for (const [name, value] of entries) {
    check(
      SYSCTL.test(name) && name !== "net" && name !== "fs.mqueue",
      `sysctls: ${JSON.stringify(name)} is none that a box may set`,
    );
    check(/^[^\0\n]{0,1024}$/.test(value), `sysctls.${name}: a line of text`);
  }
  return faults;
}

function isWord(word: string): boolean {
  return WORD.test(word) && !/[#;]/.test(word);
}
