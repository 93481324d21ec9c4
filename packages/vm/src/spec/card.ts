import * as v from "valibot";
import { socketPath } from "./path.ts";

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
export interface VmCardPeer {
  /** Where somebody listens before the VM starts, such as a switch: an absolute path of at most 107 bytes. */
  readonly socketPath: string;
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

export const vmCard = v.strictObject({
  mac,
  peer: v.strictObject({ socketPath }),
  offload: v.optional(v.boolean(), false),
});

export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));
}

function firstByte(mac: string): number {
  return macBytes(mac)[0] as number;
}
