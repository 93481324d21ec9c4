import * as v from "valibot";
import { type Descriptor, digestSchema } from "../manifest/descriptor.ts";
import { MAX_INDEX_BYTES, parseJsonDocument, parseShape } from "../manifest/json-document.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import { hasTag, nameAnnotationsOf } from "./image-name.ts";
import type { IndexJson } from "./index-json.ts";

/** What a manifest says about others; image-spec manifest.md and image-index.md. */
const linksSchema = v.looseObject({
  manifests: v.nullish(v.array(v.looseObject({ digest: digestSchema }))),
  subject: v.nullish(v.looseObject({})),
});

/**
 * Collects what `index.json` is to list: manifests with a name, and those without that no other manifest leads to, which only
 * their digest tells apart. A manifest attached to another by its `subject` is no image and stays unlisted without a name.
 */
export class IndexEntries {
  readonly #named = new Map<string, Descriptor>();
  readonly #unnamed = new Map<string, Descriptor>();
  readonly #children = new Set<string>();

  /** @throws OciError `MANIFEST_INVALID` */
  add({ bytes, digest, mediaType }: TypedManifest, name: string | undefined): void {
    const what = `the manifest ${digest}`;
    const document = parseJsonDocument({ bytes, what, maxBytes: MAX_INDEX_BYTES });
    const { manifests, subject } = parseShape(linksSchema, document, what);
    for (const child of manifests ?? []) this.#children.add(child.digest);
    const descriptor = { mediaType, digest, size: bytes.length };
    if (name !== undefined) this.#named.set(name, { ...descriptor, annotations: { ...nameAnnotationsOf(name) } });
    else if (!subject) this.#unnamed.set(digest, descriptor);
  }

  /** The index with these entries; one of the same name is replaced where it stands, all others stay as they are. */
  mergeInto(index: IndexJson): IndexJson {
    let manifests = index.manifests;
    for (const [name, entry] of this.#named) {
      const position = manifests.findIndex((other) => hasTag(other, name));
      const others = manifests.filter((other) => !hasTag(other, name));
      manifests = others.toSpliced(position === -1 ? others.length : position, 0, entry);
    }
    for (const entry of this.#unnamed.values()) {
      const isKnown = this.#children.has(entry.digest) || manifests.some(({ digest }) => digest === entry.digest);
      if (!isKnown) manifests = [...manifests, entry];
    }
    return { ...index, manifests };
  }
}
