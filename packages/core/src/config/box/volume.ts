import * as v from "valibot";
import { isVolumeName } from "../../values/volume-name.ts";
import { fields } from "../fields.ts";
import { absolutePath, text } from "../text.ts";

export const volume = fields({
  /** Absolute path of a directory or file on the host, or the name of a volume, which is made when it is missing. */
  source: v.pipe(
    text,
    v.check((source) => source.startsWith("/") || isVolumeName(source), "must be an absolute path or name a volume"),
  ),
  /** Where it appears in the guest, absolute. */
  target: absolutePath,
  readOnly: v.optional(v.boolean(), false),
});

/** A directory or a single file of the host, or a named volume, that the guest sees over virtio-fs. */
export type VolumeConfig = Readonly<v.InferOutput<typeof volume>>;
