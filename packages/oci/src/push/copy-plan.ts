import type { Platform } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import { manifestInvalid } from "../manifest/json-document.ts";
import { type ImageManifest, parseManifest } from "../manifest/manifest.ts";
import { formatPlatform, platformOf } from "../manifest/match-platform.ts";
import { selectImage, type TypedManifest } from "../manifest/select-image.ts";
import type { ImageStore } from "../store/image-store.ts";

/** Most indexes inside each other. */
const MAX_DEPTH = 4;
/** Most manifests of one image. */
const MAX_MANIFESTS = 4096;

/** What there is to copy of one image. */
export interface CopyPlan {
  /** Configurations and layers, each once. */
  readonly blobs: readonly Descriptor[];
  /** What others name comes before them; the root comes last. */
  readonly manifests: readonly TypedManifest[];
  readonly root: TypedManifest;
}

/** An image of a store. */
export interface StoreImage {
  readonly store: ImageStore;
  /** For messages. */
  readonly reference: string;
  readonly root: ContentDescriptor;
  /** Leaves the index behind and takes one platform's manifest as root. */
  readonly platform?: Platform | undefined;
  readonly signal: AbortSignal;
}

/**
 * Looks through an image and makes sure that the store has all of it, before anything is sent.
 *
 * @throws OciError `BLOB_NOT_FOUND`, `PLATFORM_NOT_FOUND`, `MANIFEST_INVALID`, `STORE_CORRUPT`
 */
export async function planCopy(image: StoreImage): Promise<CopyPlan> {
  const blobs = new Map<string, Descriptor>();
  const manifests = new Map<string, TypedManifest>();
  const root = await chosenRoot(image);

  const takeContent = async ({ config, layers }: ImageManifest) => {
    for (const blob of [config, ...layers]) {
      if (blobs.has(blob.digest)) continue;
      if (!(await image.store.has(blob))) throw incomplete(image, `the blob ${blob.digest}`);
      blobs.set(blob.digest, blob);
    }
  };
  const visit = async (descriptor: ContentDescriptor, depth: number): Promise<TypedManifest> => {
    const raw = await image.store.readManifest(descriptor, image);
    const parsed = parseManifest(raw);
    const typed = { ...raw, mediaType: parsed.mediaType };
    if (parsed.kind === "manifest") {
      await takeContent(parsed.manifest);
    } else {
      const what = `the index ${raw.digest}`;
      if (depth > MAX_DEPTH) throw manifestInvalid(what, `is nested more than ${MAX_DEPTH} deep`);
      for (const entry of parsed.index.manifests) {
        if (manifests.has(entry.digest)) continue;
        if (!(await image.store.has(entry))) throw incomplete(image, `the manifest ${nameOf(entry)}`);
        await visit(entry, depth + 1);
      }
    }
    manifests.set(typed.digest, typed);
    if (manifests.size > MAX_MANIFESTS) throw manifestInvalid(`the index ${root.digest}`, "has too many manifests");
    return typed;
  };

  const visited = await visit(root, 1);
  return { blobs: [...blobs.values()], manifests: [...manifests.values()], root: visited };
}

async function chosenRoot(image: StoreImage): Promise<ContentDescriptor> {
  const { store, root, platform } = image;
  if (platform === undefined) return root;
  const load = async (descriptor: ContentDescriptor) => {
    if (!(await store.has(descriptor))) throw incomplete(image, `the manifest ${nameOf(descriptor)}`);
    return store.readManifest(descriptor, image);
  };
  const { raw } = await selectImage(await load(root), platform, load);
  return { mediaType: raw.mediaType, digest: raw.digest, size: raw.bytes.length };
}

function nameOf(descriptor: Descriptor): string {
  const platform = platformOf(descriptor);
  return platform === undefined ? descriptor.digest : `for ${formatPlatform(platform)}, ${descriptor.digest}`;
}

function incomplete({ store, reference, root, platform }: StoreImage, missing: string): OciError {
  const one = "Pull it for the other platforms as well, or name one platform to copy that alone.";
  return new OciError({
    code: "BLOB_NOT_FOUND",
    message: `The image store ${store.directory} does not have all of ${reference}: ${missing} is missing`,
    hint: platform === undefined ? one : "Pull the image for that platform first.",
    details: { directory: store.directory, reference, digest: root.digest },
  });
}
