import * as v from "valibot";
import { bytes, field } from "./fields.ts";

export const homeInfo = v.strictObject({
  home: field(v.string(), "where everything is kept"),
  images: v.strictObject({ names: v.number(), bytes: bytes("of all blobs") }),
  rootfs: v.strictObject({ roots: field(v.number(), "root directories"), diskBytes: bytes("of them on disk") }),
  volumes: v.strictObject({ volumes: v.number(), inUse: field(v.number(), "of these, had by boxes") }),
});

export const hostReport = v.strictObject({
  ok: field(v.boolean(), "whether guests can run here: no finding is an error"),
  findings: v.array(
    v.strictObject({
      code: v.string(),
      severity: v.picklist(["ok", "warning", "error"]),
      message: field(v.string(), "one sentence"),
      fix: v.optional(field(v.string(), "what to do about it")),
    }),
  ),
});
