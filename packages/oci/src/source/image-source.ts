import { resolve } from "node:path";
import { OciError } from "../errors/oci-error.ts";
import { formatReference, parseReference, type Reference } from "../reference/reference.ts";

/** Where an image comes from. */
export type ImageSource =
  /** An image in a registry. */
  | { readonly kind: "registry"; readonly reference: Reference }
  /** An image in an OCI image layout on disk; without `tag` the layout holds exactly one. */
  | { readonly kind: "layout"; readonly path: string; readonly tag?: string };

/**
 * Parses what names an image: a reference, or `oci:/path/to/layout[:tag]` (`oci:./relative` works too). `oci:` before anything
 * else is an ordinary reference, because a repository may have that name. The tag starts after the last colon of the last path component.
 *
 * @throws {@link OciError} `REFERENCE_INVALID`
 */
export function parseImageSource(input: string): ImageSource {
  if (!/^oci:(?:\/|\.\.?(?:\/|$))/.test(input)) return { kind: "registry", reference: parseReference(input) };
  const location = input.slice("oci:".length);
  const colon = location.indexOf(":", location.lastIndexOf("/") + 1);
  const path = colon === -1 ? location : location.slice(0, colon);
  const tag = colon === -1 ? undefined : location.slice(colon + 1);
  if (tag === "" || input.includes("\0")) {
    throw new OciError({
      code: "REFERENCE_INVALID",
      message: `${JSON.stringify(input)} is not an image source: ${tag === "" ? "the tag is empty" : "it has a NUL byte"}`,
      hint: "Write oci:/path/to/layout or oci:/path/to/layout:tag.",
      details: { input, part: tag === "" ? "tag" : "reference", value: tag ?? input, offset: input.length },
    });
  }
  return { kind: "layout", path: resolve(path), ...(tag === undefined ? {} : { tag }) };
}

/** The one spelling of a source; the store keeps images under it. */
export function formatImageSource(source: ImageSource): string {
  if (source.kind === "registry") return formatReference(source.reference);
  return `oci:${source.path}${source.tag === undefined ? "" : `:${source.tag}`}`;
}
