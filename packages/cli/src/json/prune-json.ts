import * as v from "valibot";
import { prunedBoxes } from "./box-json.ts";
import { field } from "./fields.ts";
import { prunedImages } from "./image-json.ts";

export const prunedHome = v.strictObject({
  ...prunedBoxes.entries,
  ...prunedImages.entries,
  volumes: field(v.array(v.string()), "names that are gone; with --volumes"),
});
