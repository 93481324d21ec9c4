import { BlockList, isIP } from "node:net";

/**
 * Whether a `NO_PROXY` list leaves an address out: `*`, host names with their subdomains, `.domain` or `*.domain` for subdomains only,
 * IP addresses and ranges (`10.0.0.0/8`), each but the last with a port if it is for that one only.
 */
export function isExcluded(url: URL, list: string): boolean {
  return list.split(/[\s,]+/).some((entry) => entry !== "" && fits(url, entry.toLowerCase()));
}

function fits(url: URL, entry: string): boolean {
  if (entry === "*") return true;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const [, network, bits] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (network !== undefined) return isInside(host, network, Number(bits));
  if (isIP(entry) === 6) return entry === host;
  const [, named = "", port] = /^(.*?)(?::(\d+))?$/s.exec(entry) ?? [];
  if (port !== undefined && port !== (url.port || (url.protocol === "https:" ? "443" : "80"))) return false;
  const name = named.replace(/^\[(.*)\]$/, "$1").replace(/^\*(?=\.)/, "");
  if (name.startsWith(".")) return host.endsWith(name);
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function isInside(host: string, network: string, bits: number): boolean {
  const version = isIP(network);
  if (version === 0 || isIP(host) !== version || bits > (version === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const family = version === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, bits, family);
  return list.check(host, family);
}
