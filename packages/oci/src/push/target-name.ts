import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import { formatReference } from "../reference/reference.ts";
import { formatImageSource, type ImageSource } from "../source/image-source.ts";

/** What an image of the store is to be found under in a target: the target's own tag, or else the name that it has. */
export function nameAt(to: ImageSource, from: ImageSource): string | undefined {
  if (to.kind === "registry") return to.reference.tag;
  if (to.tag !== undefined) return to.tag;
  if (from.kind !== "registry") return from.tag;
  const { registry, repository, tag } = from.reference;
  return tag === undefined ? undefined : formatReference({ registry, repository, tag });
}

/** The name of an image in a target, as a source string. */
export function sourceAt(to: ImageSource, name: string | undefined, digest: Digest): string {
  if (to.kind !== "registry") return formatImageSource(name === undefined ? to : { ...to, tag: name });
  const { registry, repository, tag } = to.reference;
  return formatReference({ registry, repository, ...(tag === undefined ? { digest } : { tag }) });
}

/** A target that names a digest takes no other image. @throws OciError `REFERENCE_INVALID` */
export function expectPinned(to: ImageSource, digest: Digest): void {
  if (to.kind !== "registry" || to.reference.digest === undefined || to.reference.digest === digest) return;
  const input = formatImageSource(to);
  throw new OciError({
    code: "REFERENCE_INVALID",
    message: `${input} names another image than the one to push, which has the digest ${digest}`,
    hint: "Leave the digest out of the target, or push the image whole.",
    details: { input, part: "digest", value: to.reference.digest, offset: input.indexOf("@") + 1, digest },
  });
}
