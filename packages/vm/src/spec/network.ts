import * as v from "valibot";
import { socketPath } from "./path.ts";

/**
 * What the guest reaches. Without `tsi` there is no way of its sockets to the host, and the VM process itself has an empty network namespace.
 */
export type VmNetwork =
  /** No network card. */
  | { readonly kind: "none" }
  /**
   * The guest's TCP and UDP sockets become sockets of the host, **its loopback services included, and so do all of its TCP listeners**, on the
   * addresses that the guest chooses: `publish` gives some of them another port of the host, and libkrun leaves the others theirs. Ports below `net.ipv4.ip_unprivileged_port_start` (1024) cannot be had, by root neither: the VM process has no
   * privilege on the host.
   */
  | {
      readonly kind: "tsi";
      /** At most 64 TCP ports; within the guest, too, the listener is reached under the host's port. */
      readonly publish: readonly { readonly hostPort: number; readonly guestPort: number }[];
    }
  /**
   * A network card, `eth0`. Its Ethernet frames go over a Unix stream socket to whoever listens there before the VM starts, such as
   * passt: each frame with its length before it, in four bytes, highest first.
   */
  | {
      readonly kind: "nic";
      /** Absolute path, at most 107 bytes. */
      readonly socketPath: string;
      /** Address of the card, such as "02:00:00:00:00:01": of one card, not of a group, and not all zero. */
      readonly mac: string;
      /**
       * Whether the peer takes frames without checksums and larger than the network's, as passt does: the guest then leaves the checksums
       * and the cutting to it. False by default.
       */
      readonly offload?: boolean | undefined;
    };

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

const mac = v.pipe(
  v.string(),
  v.regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, "must be six bytes in hexadecimal with colons between them"),
  // IEEE 802: the lowest bit of the first byte makes it the address of a group.
  v.check((text) => (macBytes(text)[0] as number) % 2 === 0, "must not be the address of a group"),
  v.check((text) => macBytes(text).some((byte) => byte !== 0), "must not be all zero"),
);

export const vmNetwork = v.variant("kind", [
  v.strictObject({ kind: v.literal("none") }),
  v.strictObject({
    kind: v.literal("tsi"),
    publish: v.pipe(v.array(v.strictObject({ hostPort: port, guestPort: port })), v.maxLength(64)),
  }),
  v.strictObject({ kind: v.literal("nic"), socketPath, mac, offload: v.optional(v.boolean(), false) }),
]);

export function macBytes(mac: string): Uint8Array {
  return Uint8Array.from(mac.split(":"), (byte) => Number.parseInt(byte, 16));
}
