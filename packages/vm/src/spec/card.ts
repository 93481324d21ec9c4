import * as v from "valibot";
import { absolutePath, socketPath } from "./path.ts";

/** A network card of the guest. */
export interface VmCard {
  /**
   * Its address, such as "02:00:00:00:00:01": of one card, not of a group, and locally administered, as no maker's is (the second
   * hexadecimal digit is 2, 6, a or e). No other card of the VM has it, nor should one of the same network.
   */
  readonly mac: string;
  /** Whom the card's Ethernet frames go to, and come from. */
  readonly peer: VmCardPeer;
  /**
   * Whether the peer takes frames without checksums and larger than the network's, as passt does: the guest then leaves the checksums
   * and the cutting to it. False by default.
   */
  readonly offload?: boolean | undefined;
}

/**
 * The other end of a network card. The frames go over a Unix stream socket, each with its length before it, in four bytes, highest first.
 */
export type VmCardPeer = SocketPeer | ProgramPeer;

/** Somebody who listens. */
export interface SocketPeer {
  /** Where, before the VM starts: an absolute path of at most 107 bytes. */
  readonly socketPath: string;
}

/**
 * A program that is started with the VM, in the network of the host, and goes with it. It has its end of the card's frames as descriptor
 * 3, no environment, and nothing else of whoever started it; what it says is part of the error when it ends before the VM starts.
 *
 * What it gets from the guest is ARP and IPv4 between addresses of single hosts: **no packet from or to 127.0.0.0/8 or 0.0.0.0/8** reaches it,
 * since such a program opens in the host's own network what the packets name. Only the native vm-host starts programs.
 */
export interface ProgramPeer {
  /** Absolute path. */
  readonly program: string;
  /** At most 1024. */
  readonly args: readonly string[];
  /** IPv4 address that the guest is going to have. */
  readonly address: string;
  /** IPv4 address that the program answers for (ARP): the VM starts when it has. */
  readonly gateway: string;
}

/** More than libkrun has interrupts for, so far. */
export const MAX_CARDS = 8;

const mac = v.pipe(
  v.string(),
  v.regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, "must be six bytes in hexadecimal with colons between them"),
  // IEEE 802: of the first byte, the lowest bit makes it the address of a group, and the one above no maker's.
  v.check((text) => firstByte(text) % 2 === 0, "must not be the address of a group"),
  v.check((text) => (firstByte(text) & 2) === 2, "must be locally administered, such as 02:00:00:00:00:01"),
);

const ipv4 = v.pipe(v.string(), v.ipv4("must be an IPv4 address"));
const argument = v.pipe(
  v.string(),
  v.maxBytes(4096, "must have at most 4096 bytes"),
  v.check((text) => !text.includes("\0"), "must not hold a NUL byte"),
);

const socketPeer = v.strictObject({ socketPath });
const programPeer = v.strictObject({
  program: absolutePath,
  args: v.pipe(v.array(argument), v.maxLength(1024)),
  address: ipv4,
  gateway: ipv4,
});
/** By what it has, so that each fault is named and not just that neither kind fits. */
const peer = v.lazy((input) =>
  typeof input === "object" && input !== null && "program" in input ? programPeer : socketPeer,
);

export const vmCard = v.strictObject({
  mac,
  peer,
  offload: v.optional(v.boolean(), false),
});

export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));
}

function firstByte(mac: string): number {
  return macBytes(mac)[0] as number;
}
