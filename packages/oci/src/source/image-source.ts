import { resolve } from "node:path";
import { OciError } from "../errors/oci-error.ts";
import { formatReference, parseReference, type Reference } from "../reference/reference.ts";

/** Images in files: an OCI image layout, a tar archive of one, and what `docker save` writes. */
export type FileSourceKind = "oci" | "oci-archive" | "docker-archive";

/** Where an image comes from, or goes to. */
export type ImageSource =
  /** An image in a registry. */
  | { readonly kind: "registry"; readonly reference: Reference }
  /** An image in files on disk; without `tag` they hold exactly one. In a `docker-archive` the tag is a reference such as `redis:7`. */
  | { readonly kind: FileSourceKind; readonly path: string; readonly tag?: string };

const FILE_SOURCE = /^(?<kind>oci|oci-archive|docker-archive):(?<location>(?:\/|\.\.?(?:\/|$)).*)$/s;

/**
 * Parses what names an image: a reference, `oci:/path/to/layout[:tag]`, `oci-archive:/path/to.tar[:tag]` or
 * `docker-archive:/path/to.tar[:reference]`; paths may be relative (`oci:./layout`). A prefix before anything else is an ordinary
 * reference, because a repository may have that name. As for other image tools, the tag starts after the first colon: a path cannot
 * hold one, and a tag may be a reference such as `docker.io/library/redis:7`.
 *
 * @throws {@link OciError} `REFERENCE_INVALID`
 */
export function parseImageSource(input: string): ImageSource {
  const { kind, location = "" } = FILE_SOURCE.exec(input)?.groups ?? {};
  if (kind === undefined) return { kind: "registry", reference: parseReference(input) };
  const colon = location.indexOf(":");
  const path = colon === -1 ? location : location.slice(0, colon);
  const tag = colon === -1 ? undefined : location.slice(colon + 1);
  if (tag === "" || input.includes("\0")) {
    throw new OciError({
      code: "REFERENCE_INVALID",
      message: `${JSON.stringify(input)} is not an image source: ${tag === "" ? "the tag is empty" : "it has a NUL byte"}`,
      hint: `Write ${kind}:/path or ${kind}:/path:tag.`,
      details: { input, part: tag === "" ? "tag" : "reference", value: tag ?? input, offset: input.length },
    });
  }
  return { kind: kind as FileSourceKind, path: resolve(path), ...(tag === undefined ? {} : { tag }) };
}

/** The one spelling of a source; the store keeps images under it. */
export function formatImageSource(source: ImageSource): string {
  if (source.kind === "registry") return formatReference(source.reference);
  return `${source.kind}:${source.path}${source.tag === undefined ? "" : `:${source.tag}`}`;
}
