import * as v from "valibot";
import { digestSchema } from "../manifest/descriptor.ts";
import { MAX_MANIFEST_BYTES, parseJsonDocument, parseShape } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";

/** Most signatures in one place: layers of a manifest, referrers of a digest. */
export const MAX_SIGNATURES = 64;

const schema = v.looseObject({
  schemaVersion: v.literal(2),
  layers: v.pipe(
    v.array(
      v.looseObject({
        // Not only what RFC 6838 allows: sigstore's older types carry a parameter.
        mediaType: v.pipe(v.string(), v.maxLength(255)),
        digest: digestSchema,
        size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
        annotations: v.nullish(v.record(v.string(), v.string()), {}),
      }),
    ),
    v.maxLength(MAX_SIGNATURES, `has more than ${MAX_SIGNATURES} signatures`),
  ),
});

/** A layer of an artifact that holds signatures. */
export type SignatureLayer = v.InferOutput<typeof schema>["layers"][number];

/** The layers of an artifact, whatever its configuration is. @throws OciError `MANIFEST_INVALID` */
export function parseSignatureManifest(raw: RawManifest): readonly SignatureLayer[] {
  const what = `the manifest of signatures ${raw.digest}`;
  return parseShape(schema, parseJsonDocument({ bytes: raw.bytes, what, maxBytes: MAX_MANIFEST_BYTES }), what).layers;
}
