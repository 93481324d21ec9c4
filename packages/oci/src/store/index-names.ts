import { OciError } from "../errors/oci-error.ts";
import { nameAnnotations, storedName } from "../layout/image-name.ts";
import type { IndexJson } from "../layout/index-json.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { formatImageSource, type ImageSource, parseImageSource } from "../source/image-source.ts";
import { contentOf } from "./image-content.ts";
import type { StoredReference } from "./stored-image.ts";

/** The name under which the store keeps an image. @throws OciError `REFERENCE_INVALID` */
export function nameOf(reference: string | ImageSource): string {
  return formatImageSource(typeof reference === "string" ? parseImageSource(reference) : reference);
}

/** The entries that have a name; other tools may keep entries without one. */
export function namedEntries({ manifests }: IndexJson): readonly StoredReference[] {
  return manifests.flatMap((descriptor) => {
    const reference = storedName(descriptor);
    return reference === undefined ? [] : [{ reference, descriptor }];
  });
}

/**
 * Gives content a name, in place of what had it before; the same object back when it has it already.
 *
 * @throws OciError `REFERENCE_INVALID` when the name holds the digest of something else, as an archive may claim.
 */
export function withName(index: IndexJson, source: ImageSource, content: ContentDescriptor): IndexJson {
  const name = formatImageSource(source);
  const pinned = source.kind === "registry" ? source.reference.digest : undefined;
  if (pinned !== undefined && pinned !== content.digest) {
    throw new OciError({
      code: "REFERENCE_INVALID",
      message: `${name} cannot be a name of content with the digest ${content.digest}`,
      hint: "Leave the digest out of the name.",
      details: { reference: name, digest: content.digest },
    });
  }
  const entry = { ...contentOf(content), annotations: { ...nameAnnotations(source) } };
  const position = index.manifests.findIndex((other) => storedName(other) === name);
  if (index.manifests[position]?.digest === content.digest) return index;
  const manifests = position === -1 ? [...index.manifests, entry] : index.manifests.with(position, entry);
  return { ...index, manifests };
}

/** Forgets a name; the same object back when there is none. */
export function withoutName(index: IndexJson, name: string): IndexJson {
  const manifests = index.manifests.filter((entry) => storedName(entry) !== name);
  return manifests.length === index.manifests.length ? index : { ...index, manifests };
}

/**
 * Gives what a name stands for another name as well.
 *
 * @throws OciError `IMAGE_NOT_FOUND`, `REFERENCE_INVALID` when the new name holds the digest of something else.
 */
export function withTag(index: IndexJson, source: string | ImageSource, target: string | ImageSource): IndexJson {
  const from = nameOf(source);
  const found = namedEntries(index).find(({ reference }) => reference === from);
  if (found === undefined) {
    throw new OciError({
      code: "IMAGE_NOT_FOUND",
      message: `The image store has no image of the name ${from}`,
      hint: "Look at the names in the store, or pull the image.",
      details: { reference: from },
    });
  }
  const to = typeof target === "string" ? parseImageSource(target) : target;
  return withName(index, to, found.descriptor);
}
