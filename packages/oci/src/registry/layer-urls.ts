import type { Descriptor } from "../manifest/descriptor.ts";
import { isNondistributableType } from "../manifest/media-type.ts";

/**
 * Where a layer can be had that its registry may not hand out (image-spec layer.md, non-distributable layers): HTTPS addresses, in the
 * manifest's order. What an image says is the publisher's word, so nothing else than the layer's digest decides what comes from there,
 * and no credentials go there.
 */
export function layerUrls({ mediaType, urls }: Descriptor): readonly URL[] {
  if (!isNondistributableType(mediaType)) return [];
  return (urls ?? []).flatMap((text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === "https:" && url.username === "" && url.password === "" ? [url] : [];
  });
}
