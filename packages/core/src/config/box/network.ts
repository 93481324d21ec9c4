import * as v from "valibot";

/** Network of a box when none is asked for. */
export const DEFAULT_NETWORK = "none";

/**
 * `none`: no network at all. `tsi`: the guest's TCP and UDP sockets are sockets of the host, **its loopback services and all of the
 * guest's TCP listeners included**: `ports` gives some of them another port of the host. `passt`: a network card, whose other end is the
 * program passt; the guest reaches what the host does, but not the host's loopback, and `ports` are on the host's addresses that they name.
 */
export const network = v.picklist(["none", "tsi", "passt"], 'must be "none", "tsi" or "passt"');
