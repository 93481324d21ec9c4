import { type Digest, isDigest } from "@a3s/core";
import * as v from "valibot";

/** Longest string kept in a descriptor: media types, URLs, annotation values. */
const MAX_TEXT = 16 * 1024;
/** Most addresses of one layer. */
const MAX_URLS = 16;

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT));

export const digestSchema = v.custom<Digest>(isDigest, "must be a sha256 or sha512 digest");

/** RFC 6838: a type and a subtype, each of at most 127 characters. */
const mediaType = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][\w.+!#$&^-]{0,126}\/[A-Za-z0-9][\w.+!#$&^-]{0,126}$/, "must be a media type"),
);

const platform = v.looseObject({
  os: text,
  architecture: text,
  variant: v.nullish(text),
  "os.version": v.nullish(text),
});

/** image-spec descriptor.md. Fields that are not named here are kept. */
export const descriptorSchema = v.looseObject({
  mediaType,
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger("must be a whole number"), v.minValue(0)),
  platform: v.nullish(platform),
  annotations: v.nullish(v.record(text, text)),
  artifactType: v.nullish(text),
  /** Where content can be had beside the source itself. */
  urls: v.nullish(v.pipe(v.array(text), v.maxLength(MAX_URLS))),
  /** The content itself, in base64; its length is bounded by the document's. */
  data: v.nullish(v.string()),
});

/** A reference to content: what it is, its digest and its size in bytes. */
export type Descriptor = Readonly<v.InferOutput<typeof descriptorSchema>>;

/** The three fields that identify content, without the rest. */
export type ContentDescriptor = Pick<Descriptor, "mediaType" | "digest" | "size">;
