import * as v from "valibot";
import { field } from "./fields.ts";

export const networkList = v.array(
  v.strictObject({
    name: field(v.picklist(["none", "tsi"]), "what --network takes"),
    outgoing: field(v.boolean(), "whether guests reach others"),
    ports: field(v.boolean(), "whether ports can be published"),
    description: v.string(),
  }),
);
