import { isIPv4 } from "node:net";
import type { Station } from "@a3s/vm";

/** Addresses of a network of boxes: /24 to /29 of those that are nobody's (RFC 1918). */
export interface Subnet {
  /** Its first address, as a number. */
  readonly base: number;
  readonly prefixLength: number;
}

/** Where a network is when nobody says: the first free /24 of it. */
export const DEFAULT_POOL = "10.163.0.0/16";

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(ofText);
const LARGEST = 24;
const SMALLEST = 29;

/** Of `ADDRESS/BITS`; why not, where it cannot be a network of boxes. Pure. */
export function parseSubnet(text: string): Subnet | string {
  if (!/^[\d.]{7,15}\/\d{1,2}$/.test(text) || !isIPv4(text.split("/")[0] ?? "")) {
    return "it must be an IPv4 address and a number of bits, such as 10.163.7.0/24";
  }
  const subnet = ofText(text);
  if (subnet.prefixLength < LARGEST || subnet.prefixLength > SMALLEST) {
    return `it must have /${LARGEST} to /${SMALLEST}`;
  }
  if (subnet.base % size(subnet) !== 0) return "it must begin with its first address";
  if (!PRIVATE.some((outer) => overlap(outer, subnet))) {
    return "it must be of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, which are nobody's";
  }
  return subnet;
}

export function formatSubnet({ base, prefixLength }: Subnet): string {
  return `${formatAddress(base)}/${prefixLength}`;
}

/** The first /24 of {@link DEFAULT_POOL} that overlaps none of these; undefined when there is none. */
export function freeSubnet(taken: readonly Subnet[]): Subnet | undefined {
  const { base } = ofText(DEFAULT_POOL);
  for (let third = 0; third < 256; third++) {
    const subnet = { base: base + third * 256, prefixLength: 24 };
    if (!taken.some((other) => overlap(other, subnet))) return subnet;
  }
  return undefined;
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return one.base < other.base + size(other) && other.base < one.base + size(one);
}

/** The switch's: the first after that of the network itself. */
export function gatewayOf({ base }: Subnet): Station {
  return stationOf(base + 1);
}

/** What a member's address ends in that nobody has; undefined when all are taken. The last address is for all. */
export function freeHost(subnet: Subnet, taken: ReadonlySet<number>): number | undefined {
  for (let host = (subnet.base % 256) + 2; host < (subnet.base % 256) + size(subnet) - 1; host++) {
    if (!taken.has(host)) return host;
  }
  return undefined;
}

/** A member's, by what its address ends in. */
export function memberOf({ base }: Subnet, host: number): Station {
  return stationOf(base - (base % 256) + host);
}

/** As docker derives hardware addresses: from the address, so that no two of a network are the same. */
function stationOf(address: number): Station {
  const text = formatAddress(address);
  const bytes = [0x02, 0xa3, ...text.split(".").map(Number)];
  return { address: text, mac: bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":") };
}

function ofText(text: string): Subnet {
  const [address = "", bits] = text.split("/");
  const base = address.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
  return { base, prefixLength: Number(bits) };
}

function size({ prefixLength }: Subnet): number {
  return 2 ** (32 - prefixLength);
}

function formatAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
