import * as v from "valibot";
import { type Descriptor, descriptorSchema } from "../manifest/descriptor.ts";

/** Most bytes of an `index.json` that are read: some 50000 images. */
export const MAX_INDEX_JSON_BYTES = 32 * 1024 * 1024;

/** The contents of the file `oci-layout`. */
export const OCI_LAYOUT_CONTENT = '{"imageLayoutVersion":"1.0.0"}';

const layoutSchema = v.looseObject({ imageLayoutVersion: v.pipe(v.string(), v.regex(/^1\./, "must be 1.x")) });

const schema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.literal("application/vnd.oci.image.index.v1+json")),
  manifests: v.pipe(v.nullish(v.array(descriptorSchema), []), v.readonly()),
});

/** image-spec image-layout.md: `index.json`, whose annotations name the images. Unknown fields survive a rewrite. */
export type IndexJson = Readonly<v.InferOutput<typeof schema>> & { readonly manifests: readonly Descriptor[] };

export const EMPTY_INDEX_JSON: IndexJson = {
  schemaVersion: 2,
  mediaType: "application/vnd.oci.image.index.v1+json",
  manifests: [],
};

/** @throws when the text is not an `index.json`; the caller knows the file and names it. */
export function parseIndexJson(text: string): IndexJson {
  const parsed = v.parse(schema, JSON.parse(text), { abortEarly: true });
  return { ...parsed, manifests: parsed.manifests ?? [] };
}

/** @throws when the text is not an `oci-layout` file of version 1. */
export function checkOciLayout(text: string): void {
  v.parse(layoutSchema, JSON.parse(text), { abortEarly: true });
}
