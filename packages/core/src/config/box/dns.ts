import * as v from "valibot";
import { fields } from "../fields.ts";
import { address, hostName } from "../host-name.ts";
import { text } from "../text.ts";

/** resolv.conf(5), MAXNS: resolvers read no more. */
export const MAX_DNS_SERVERS = 3;

export const dns = fields({
  /** Addresses of name servers. */
  servers: v.optional(v.pipe(v.array(address), v.maxLength(MAX_DNS_SERVERS)), []),
  /** Domains that names are completed with. */
  search: v.optional(v.pipe(v.array(hostName), v.maxLength(32)), []),
  /** Options of resolv.conf(5), such as "ndots:2". */
  options: v.optional(
    v.pipe(v.array(v.pipe(text, v.regex(/^[a-z0-9-]+(:\d+)?$/, "must be an option of resolv.conf"))), v.maxLength(32)),
    [],
  ),
});
