import * as v from "valibot";
import { field } from "./fields.ts";

export const networkList = v.array(
  v.strictObject({
    name: field(v.picklist(["none", "passt", "tsi"]), "what --network takes"),
    outgoing: field(v.boolean(), "whether guests reach others"),
    ports: field(v.boolean(), "whether ports can be published"),
    description: v.string(),
    missing: v.optional(field(v.string(), "why it cannot be had here, with what to do about it")),
  }),
);
