import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { parseManifest } from "../manifest/manifest.ts";
import type { Reference } from "../reference/reference.ts";
import { type ImageSource, parseImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";

/** Most repositories to mount from: each one makes the token's scope longer. */
const MAX_REPOSITORIES = 4;
/** Most names of the store that are looked at. */
const MAX_NAMES = 64;
/** Most manifests of one of them. */
const MAX_MANIFESTS = 32;

/**
 * Which other repository of a registry has a blob: those that the store has images of with the same content. What the store cannot
 * read is passed over, because a blob that is not mounted is sent.
 */
export async function mountSources(
  store: ImageStore,
  to: Pick<Reference, "registry" | "repository">,
  blobs: readonly ContentDescriptor[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, string>> {
  const sources = new Map<Digest, string>();
  const repositories = new Set<string>();
  const open = new Set(blobs.map(({ digest }) => digest));
  for (const { repository, descriptor } of await neighbours(store, to)) {
    if (open.size === 0 || (repositories.size === MAX_REPOSITORIES && !repositories.has(repository))) continue;
    for (const digest of await contentOf(store, descriptor, signal)) {
      if (!open.delete(digest)) continue;
      sources.set(digest, repository);
      repositories.add(repository);
    }
  }
  return sources;
}

/** Images of the same registry in other repositories. */
async function neighbours(store: ImageStore, to: Pick<Reference, "registry" | "repository">) {
  const named = (await store.list()).flatMap(({ reference, descriptor }) => {
    const source = sourceOf(reference);
    if (source?.kind !== "registry" || source.reference.registry !== to.registry) return [];
    const { repository } = source.reference;
    return repository === to.repository ? [] : [{ repository, descriptor }];
  });
  return named.slice(0, MAX_NAMES);
}

/** Other tools may give entries names that are no references. */
function sourceOf(name: string): ImageSource | undefined {
  try {
    return parseImageSource(name);
  } catch {
    return undefined;
  }
}

/** Configurations and layers of an image, as far as its manifests are in the store. */
async function contentOf(store: ImageStore, root: ContentDescriptor, signal: AbortSignal): Promise<readonly Digest[]> {
  const content: Digest[] = [];
  const manifests = new Map([[root.digest, root]]);
  for (const descriptor of manifests.values()) {
    try {
      const parsed = parseManifest(await store.readManifest(descriptor, { signal }));
      if (parsed.kind === "manifest") {
        content.push(parsed.manifest.config.digest, ...parsed.manifest.layers.map(({ digest }) => digest));
      } else {
        const entries = parsed.index.manifests.slice(0, MAX_MANIFESTS - manifests.size);
        for (const entry of entries) manifests.set(entry.digest, entry);
      }
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
    }
  }
  return content;
}
