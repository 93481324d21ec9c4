import * as v from "valibot";
import { fields } from "../fields.ts";
import { address } from "../host-name.ts";
import { integer } from "../number.ts";

/** Where a published port is reached on the host when nothing else is said: on this machine alone. */
export const DEFAULT_HOST_ADDRESS = "127.0.0.1";
/** Most published ports of a box. */
export const MAX_PORTS = 64;

const number = integer(1, 65535);
const protocol = v.picklist(["tcp", "udp"], 'must be "tcp" or "udp"');

/** One port of the guest that the host has: as docker writes it, `[HOST_ADDRESS:]HOST_PORT:GUEST_PORT[/PROTOCOL]`, or by its fields. */
const port = v.lazy((input) => (typeof input === "string" ? portText : portFields));

const whole = fields({ hostAddress: address, hostPort: number, guestPort: number, protocol });

const portFields = fields({
  ...whole.entries,
  hostAddress: v.optional(address, DEFAULT_HOST_ADDRESS),
  protocol: v.optional(protocol, "tcp"),
});

const portText = v.pipe(
  v.string(),
  v.regex(
    /^((\[[0-9a-f:.]+\]|[0-9.]+):)?\d{1,5}:\d{1,5}(\/(tcp|udp))?$/i,
    "must be [ADDRESS:]HOST_PORT:GUEST_PORT[/tcp|/udp], one port on each side",
  ),
  v.transform((written) => {
    const [, host, hostPort, guestPort, protocol] = /^(?:(.*):)?(\d+):(\d+)(?:\/(.*))?$/.exec(written) ?? [];
    return {
      hostAddress: host?.replaceAll(/[[\]]/g, "") ?? DEFAULT_HOST_ADDRESS,
      hostPort: Number(hostPort),
      guestPort: Number(guestPort),
      protocol: protocol?.toLowerCase() === "udp" ? ("udp" as const) : ("tcp" as const),
    };
  }),
  whole,
);

export const ports = v.pipe(
  v.array(port),
  v.maxLength(MAX_PORTS, `must be at most ${MAX_PORTS}`),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    dataset.value.forEach((one, index, all) => {
      if (!all.slice(0, index).some((other) => collide(one, other))) return;
      addIssue({ message: `port ${one.hostPort}/${one.protocol} of the host is published twice (entry ${index})` });
    });
  }),
);

/** A published port. */
export type PortConfig = Readonly<v.InferOutput<typeof whole>>;

/** Whether both want the same port of the host; a wildcard address has the port on all of its kind. */
function collide(one: PortConfig, other: PortConfig): boolean {
  if (one.hostPort !== other.hostPort || one.protocol !== other.protocol) return false;
  return (
    one.hostAddress === other.hostAddress ||
    [one, other].some(({ hostAddress }) => /^(0\.0\.0\.0|::)$/.test(hostAddress))
  );
}
