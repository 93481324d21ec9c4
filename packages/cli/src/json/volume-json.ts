import * as v from "valibot";
import { bytes, field, time } from "./fields.ts";

const volume = {
  name: v.string(),
  path: field(v.string(), "where its files are on the host"),
  createdAt: v.optional(time("missing when its record is damaged")),
  labels: v.record(v.string(), v.string()),
  inUse: field(v.boolean(), "whether a box has it"),
  damage: v.optional(field(v.string(), "what is wrong with its record")),
};

export const volumeList = v.array(
  v.strictObject({ ...volume, diskBytes: v.optional(bytes("of its files on disk; with --size")) }),
);

export const inspectedVolumes = v.array(
  v.strictObject({
    ...volume,
    diskBytes: bytes("of its files on disk"),
    entries: field(v.number(), "names in it"),
  }),
);
