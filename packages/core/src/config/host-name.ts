import { isIP } from "node:net";
import * as v from "valibot";

/** A label of a host name, RFC 1123. */
const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/** A host name of one label. */
export const hostLabel = v.pipe(v.string(), v.regex(new RegExp(`^${LABEL}$`, "i"), "must be an RFC 1123 host name"));

/** A host name with or without dots; at most 253 characters, as DNS has them. */
export const hostName = v.pipe(
  v.string(),
  v.maxLength(253, "must have at most 253 characters"),
  v.regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`, "i"), "must be an RFC 1123 host name"),
);

/** An IPv4 or IPv6 address. */
export const address = v.pipe(
  v.string(),
  v.check((host) => isIP(host) !== 0, "must be an IP address"),
);
