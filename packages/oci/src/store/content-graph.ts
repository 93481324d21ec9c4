import { type Digest, isDigest } from "@a3s/core";
import { MAX_INDEX_BYTES } from "../manifest/json-document.ts";
import type { BlobFiles } from "./blob-files.ts";

/** What a manifest or an index names. */
export interface ContentLinks {
  /** The manifests of an index, which name content themselves. */
  readonly manifests: readonly Digest[];
  /** Configuration and layers of a manifest; blobs of an artifact. */
  readonly content: readonly Digest[];
}

const NO_LINKS: ContentLinks = { manifests: [], content: [] };

/**
 * Reads what a document names, also one of a kind that this package does not run, since other tools may keep it in the same layout.
 * What does not look like a descriptor is passed over.
 */
export function parseContentLinks(bytes: Uint8Array): ContentLinks {
  let value: Readonly<Record<string, unknown>> | null;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return NO_LINKS;
  }
  if (typeof value !== "object" || value === null) return NO_LINKS;
  const { manifests, config, layers, blobs } = value;
  return { manifests: digestsOf(manifests), content: [[config], layers, blobs].flatMap(digestsOf) };
}

function digestsOf(value: unknown): readonly Digest[] {
  if (!Array.isArray(value)) return [];
  return value.map((entry: { readonly digest?: unknown } | null | undefined) => entry?.digest).filter(isDigest);
}

/** Follows manifests through a store. It reads each once, so make a new one for each operation. */
export class ContentGraph {
  readonly #blobs: BlobFiles;
  readonly #signal: AbortSignal | undefined;
  readonly #known = new Map<Digest, ContentLinks>();

  constructor(blobs: BlobFiles, signal: AbortSignal | undefined) {
    this.#blobs = blobs;
    this.#signal = signal;
  }

  /** What roots lead to, themselves included, whether it is in the store or not. */
  async reach(roots: Iterable<Digest>): Promise<ReadonlySet<Digest>> {
    const reached = new Set<Digest>();
    const documents = new Set(roots);
    for (const digest of documents) {
      const { manifests, content } = await this.#links(digest);
      for (const manifest of manifests) documents.add(manifest);
      for (const part of [digest, ...content]) reached.add(part);
    }
    return reached;
  }

  /**
   * What a root leads to and the store does not have. Of an index the manifests of other platforms may be absent, but not all of them.
   */
  async missing(root: Digest, present: ReadonlySet<Digest>): Promise<readonly Digest[]> {
    const missing = new Set<Digest>();
    const seen = new Set<Digest>([root]);
    if (!present.has(root)) return [root];
    for (const digest of seen) {
      const { manifests, content } = await this.#links(digest);
      const here = manifests.filter((manifest) => present.has(manifest));
      for (const manifest of here) seen.add(manifest);
      const needed = here.length === 0 ? [...content, ...manifests] : content;
      for (const part of needed) if (!present.has(part)) missing.add(part);
    }
    return [...missing];
  }

  async #links(digest: Digest): Promise<ContentLinks> {
    this.#signal?.throwIfAborted();
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    // A larger document is none that this package has taken in, and is not followed.
    const bytes = await this.#blobs.readUnchecked(digest, MAX_INDEX_BYTES);
    const links = bytes === undefined ? NO_LINKS : parseContentLinks(bytes);
    this.#known.set(digest, links);
    return links;
  }
}
