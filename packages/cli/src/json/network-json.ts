import * as v from "valibot";
import { bytes, field, time } from "./fields.ts";

const subnet = v.optional(field(v.string(), 'of a network that was made, such as "10.163.0.0/24"'));
const frames = (meaning: string) => field(v.pipe(v.number(), v.integer(), v.minValue(0)), `frames ${meaning}`);

export const networkList = v.array(
  v.strictObject({
    name: field(v.string(), "what --network takes"),
    kind: field(v.picklist(["none", "passt", "tsi", "named"]), '"named": somebody has made it'),
    outgoing: field(v.boolean(), "whether guests reach others than the boxes of their network"),
    ports: field(v.boolean(), "whether ports can be published"),
    description: v.string(),
    missing: v.optional(field(v.string(), "why it cannot be had here, with what to do about it")),
    subnet,
    inUse: v.optional(field(v.boolean(), "of a network that was made: whether boxes are on it")),
  }),
);

const traffic = v.strictObject({
  sentFrames: frames("from the box"),
  sentBytes: bytes("from the box"),
  receivedFrames: frames("to the box"),
  receivedBytes: bytes("to the box"),
  lostFrames: frames("for the box that it was too slow for"),
  refusedFrames: frames("from the box that went nowhere, or said to be from somebody else"),
});

const member = v.strictObject({
  box: field(v.string(), "its id"),
  name: v.optional(field(v.string(), "missing for a box that ends with its process")),
  address: field(v.string(), "its own until it is removed"),
  mac: v.string(),
  traffic: v.optional(field(traffic, "since it connected; missing while it is not connected")),
  offline: v.optional(
    field(v.literal(true), "it runs and is not connected: the switch has ended; it is again from its next start on"),
  ),
});

export const inspectedNetworks = v.array(
  v.strictObject({
    name: v.string(),
    createdAt: v.optional(time("missing when its record is damaged")),
    subnet,
    gateway: v.optional(field(v.string(), "who answers for names; it leads nowhere")),
    labels: v.record(v.string(), v.string()),
    inUse: field(v.boolean(), "whether boxes are on it, running or not"),
    members: v.array(member),
    damage: v.optional(field(v.string(), "what is wrong with its record")),
  }),
);
