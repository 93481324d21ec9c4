import type { BoxConfig } from "@a3s/core";
import type { NetworkUse } from "./box-description.ts";

/**
 * What has gone through a box's network. Pure.
 *
 * - `none`: nothing, since there is neither a card nor a socket of the host: a fact of how the VM was made, which its guest cannot change.
 * - `passt` and networks of boxes: what the guest's kernel counts on its network card; like all that a guest says of itself, it can be made up.
 * - `tsi`: nobody knows. The guest's sockets are carried over vsock, where its kernel counts no bytes and has no interface in /proc/net/dev, and
 *   opened by the VM process in the host's own network namespace, whose counters are those of the whole machine. The host's kernel counts
 *   bytes of single sockets (sock_diag(7)), as long as they are open, and not for UDP; /proc/PID/io leaves out what send(2) and recv(2) carry.
 */
export function networkUse({ network }: Pick<BoxConfig, "network">, counted: NetworkUse): NetworkUse | undefined {
  switch (network) {
    case "none":
      return { receivedBytes: 0, sentBytes: 0 };
    case "tsi":
      return undefined;
    default:
      return counted;
  }
}
