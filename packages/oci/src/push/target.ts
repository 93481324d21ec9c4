import type { Digest } from "@a3s/core";
import { openFileDestination } from "../archive/file-destination.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import { isNondistributableType } from "../manifest/media-type.ts";
import type { RegistryOptions } from "../registry/client.ts";
import { RegistryDestination } from "../registry/registry-destination.ts";
import type { ImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { ImageDestination } from "../transport/destination.ts";
import { mountSources } from "./mount-sources.ts";

/** How a target is reached. */
export interface TargetOptions extends RegistryOptions {
  readonly store: ImageStore;
  readonly chunkBytes?: number | undefined;
}

/** Where images go, and what is special about it. Disposing it disposes the destination. */
export interface Target extends AsyncDisposable {
  readonly destination: ImageDestination;
  /** Blobs that are not sent there. */
  readonly leaves: (blob: Descriptor) => boolean;
  /** Blobs that a registry took over from its other repositories so far. */
  readonly mounted: ReadonlyMap<Digest, string>;
}

/** Opens what a source string names, for writing. */
export async function openTarget(
  to: ImageSource,
  blobs: readonly ContentDescriptor[],
  { store, chunkBytes, ...registry }: TargetOptions,
  signal: AbortSignal,
): Promise<Target> {
  if (to.kind !== "registry") return targetOf(openFileDestination(to), () => false, new Map());
  const mountFrom = await mountSources(store, to.reference, blobs, signal);
  const destination = new RegistryDestination(to.reference, registry, { mountFrom, chunkBytes });
  return targetOf(destination, isForeign, destination.mounted);
}

function targetOf(
  destination: ImageDestination,
  leaves: Target["leaves"],
  mounted: ReadonlyMap<Digest, string>,
): Target {
  return { destination, leaves, mounted, [Symbol.asyncDispose]: () => destination[Symbol.asyncDispose]() };
}

/** image-spec layer.md: layers of these types are not to be pushed, as long as they can be had from addresses of their own. */
function isForeign({ mediaType, urls }: Descriptor): boolean {
  return isNondistributableType(mediaType) && (urls?.length ?? 0) > 0;
}
