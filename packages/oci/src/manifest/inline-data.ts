import { digestParts } from "@a3s/core";
import { contentDigest } from "../content/content-digest.ts";
import type { Descriptor } from "./descriptor.ts";
import { manifestInvalid } from "./json-document.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The content that a descriptor carries itself (image-spec descriptor.md, `data`), checked against its size and digest; `undefined`
 * when it carries none. It saves a request, and is refused where it is not what the digest names.
 *
 * @throws {@link OciError} `MANIFEST_INVALID`
 */
export function inlineData(descriptor: Descriptor): Uint8Array | undefined {
  const { data, digest, size } = descriptor;
  if (data === undefined || data === null) return undefined;
  const what = `the inline data of ${digest}`;
  if (!BASE64.test(data)) throw manifestInvalid(what, "is not base64");
  const bytes = Buffer.from(data, "base64");
  if (bytes.length !== size) throw manifestInvalid(what, `has ${bytes.length} instead of ${size} bytes`);
  const actual = contentDigest(bytes, digestParts(digest).algorithm);
  if (actual !== digest) throw manifestInvalid(what, `has the digest ${actual} instead`);
  return bytes;
}
