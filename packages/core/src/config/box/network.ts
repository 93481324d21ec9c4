import * as v from "valibot";

/** Network of a box when none is asked for. */
export const DEFAULT_NETWORK = "none";

/**
 * `none`: no network at all. `tsi`: the guest's TCP and UDP sockets are sockets of the host, **its loopback services included**.
 */
export const network = v.picklist(["none", "tsi"], 'must be "none" or "tsi"');
