import * as v from "valibot";

/** Network of a box when none is asked for. */
export const DEFAULT_NETWORK = "none";

/** What a box has instead of a network with a name. */
export const NETWORK_KINDS = ["none", "passt", "tsi"] as const;

/** A way for a box to reach others that nobody makes. */
export type NetworkKind = (typeof NETWORK_KINDS)[number];

/** Names that mean something, here or elsewhere, and would not mean it. */
const RESERVED: readonly string[] = [...NETWORK_KINDS, "host", "bridge", "default"];

/** docker's names, with a bound so that one is always a file name. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

export function isNetworkKind(network: string): network is NetworkKind {
  return (NETWORK_KINDS as readonly string[]).includes(network);
}

/**
 * Whether it can name a network of boxes: 1 to 128 characters of `[a-zA-Z0-9_.-]`, the first a letter or digit, and neither a kind nor
 * `host`, `bridge` or `default`.
 */
export function isNetworkName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value) && !RESERVED.includes(value);
}

/**
 * `none`: no network at all. `tsi`: the guest's TCP and UDP sockets are sockets of the host, **its loopback services and all of the
 * guest's TCP listeners included**: `ports` gives some of them another port of the host. `passt`: a network card, whose other end is the
 * program passt; the guest reaches what the host does, but not the host's loopback, and `ports` are on the host's addresses that they name.
 * Any other name is that of a network whose boxes reach each other and nobody else.
 */
export const network = v.pipe(
  v.string(),
  v.check(
    (name) => isNetworkKind(name) || isNetworkName(name),
    `must be ${NETWORK_KINDS.map((kind) => `"${kind}"`).join(", ")} or the name of a network of boxes`,
  ),
);
