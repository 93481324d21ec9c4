import type { Platform } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { Descriptor } from "./descriptor.ts";
import { manifestInvalid } from "./json-document.ts";
import { type ImageManifest, parseManifest, type RawManifest } from "./manifest.ts";
import { formatPlatform, matchPlatform, platformOf } from "./match-platform.ts";
import { manifestKind } from "./media-type.ts";

/** Most indexes on the way from a name to an image manifest. */
const MAX_INDEX_DEPTH = 4;
/** Most manifests looked at in all, so that wide nests of indexes end as well. */
const MAX_LOADS = 32;

/** A manifest with its settled media type. */
export type TypedManifest = RawManifest & { readonly mediaType: string };

/** The image manifest for a platform, and how it was reached. */
export interface SelectedImage {
  readonly raw: TypedManifest;
  readonly manifest: ImageManifest;
  /** From the root to `raw`, both included. */
  readonly path: readonly TypedManifest[];
}

/** Gets a manifest that an index names. */
export type LoadManifest = (descriptor: Descriptor) => Promise<RawManifest>;

/**
 * Goes from what a name stands for to the image manifest for a platform, through nested indexes.
 *
 * @throws {@link OciError} `PLATFORM_NOT_FOUND`, `MANIFEST_INVALID`, `MANIFEST_UNSUPPORTED`, and what `load` throws.
 */
export async function selectImage(root: RawManifest, platform: Platform, load: LoadManifest): Promise<SelectedImage> {
  const offered = new Set<string>();
  let loads = 0;

  const search = async (raw: RawManifest, above: readonly TypedManifest[]): Promise<SelectedImage | undefined> => {
    const parsed = parseManifest(raw);
    const typed = { ...raw, mediaType: parsed.mediaType };
    const path = [...above, typed];
    if (parsed.kind === "manifest") return { raw: typed, manifest: parsed.manifest, path };
    const what = `the index ${raw.digest}`;
    if (path.length > MAX_INDEX_DEPTH) throw manifestInvalid(what, `is nested more than ${MAX_INDEX_DEPTH} deep`);
    for (const descriptor of candidates(parsed.index.manifests, platform)) {
      if (++loads > MAX_LOADS) throw manifestInvalid(what, `leads to more than ${MAX_LOADS} manifests`);
      const found = await search(await load(descriptor), path);
      if (found !== undefined) return found;
    }
    for (const entry of parsed.index.manifests) {
      const platform = platformOf(entry);
      if (platform !== undefined) offered.add(formatPlatform(platform));
    }
    return undefined;
  };

  const found = await search(root, []);
  if (found === undefined) throw platformNotFound(platform, [...offered]);
  return found;
}

/** The entry for the platform, or else the nested indexes that do not say what they are for. */
function candidates(manifests: readonly Descriptor[], platform: Platform): readonly Descriptor[] {
  const match = matchPlatform(platform, manifests);
  if (match !== undefined) return [match];
  return manifests.filter((entry) => !entry.platform && manifestKind(entry.mediaType) === "index");
}

export function platformNotFound(wanted: Platform, offered: readonly string[]): OciError {
  // Build attestations are listed as unknown/unknown; nobody wants to be told to pull them.
  const known = offered.filter((name) => !name.startsWith("unknown/")).slice(0, 50);
  return new OciError({
    code: "PLATFORM_NOT_FOUND",
    message: `The image is not for ${formatPlatform(wanted)}, but for ${known.join(", ") || "no known platform"}`,
    hint: "Choose another image or tag, or one of these platforms if the machine can run it.",
    details: { wanted: formatPlatform(wanted), offered: known },
  });
}
