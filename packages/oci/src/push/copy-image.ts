import type { Digest } from "@a3s/core";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import { eachConcurrently } from "../progress/each-concurrently.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { ImageDestination, OpenContent } from "../transport/destination.ts";
import type { CopyPlan } from "./copy-plan.ts";
import type { PushEvent } from "./push-event.ts";
import { storedContent } from "./stored-content.ts";

/** Blobs sent at the same time. */
const MAX_CONCURRENT_UPLOADS = 4;
/** Progress events of one blob, at most. */
const PROGRESS_STEPS = 50;
/** Less than this is not worth an event. */
const MIN_PROGRESS_BYTES = 64 * 1024;

/** Where an image goes. */
export interface CopyRoute {
  readonly store: ImageStore;
  readonly destination: ImageDestination;
  /** What the image is to be found under: see `PutManifestCall`. */
  readonly name: string | undefined;
  /** Blobs that stay behind because they can be had elsewhere. */
  readonly leaves?: ((blob: Descriptor) => boolean) | undefined;
  /** Where the destination has mounted blobs from that it did not have to be sent. */
  readonly mounted?: ReadonlyMap<Digest, string> | undefined;
  readonly emit: (event: PushEvent) => void;
  readonly signal: AbortSignal;
}

/** Copies what a plan names: content first, then the manifests that name it, and the root last with its name. */
export async function copyImage({ blobs, manifests, root }: CopyPlan, route: CopyRoute): Promise<void> {
  const { destination, name, leaves = () => false, emit, signal } = route;
  const sent = blobs.filter((blob) => !leaves(blob));
  const totalBytes = sent.reduce((sum, { size }) => sum + size, 0);
  emit({ type: "manifest", digest: root.digest, blobs: sent.length, totalBytes });
  await eachConcurrently(sent, MAX_CONCURRENT_UPLOADS, signal, (blob, signal) => copyBlob(blob, { ...route, signal }));
  for (const manifest of manifests) {
    await destination.putManifest(manifest, manifest === root ? { name, signal } : { signal });
  }
}

async function copyBlob(blob: Descriptor, { store, destination, mounted, emit, signal }: CopyRoute): Promise<void> {
  const { digest, size } = blob;
  const content = reporting(storedContent(store, blob), blob, emit);
  if (await destination.putBlob(blob, content, { signal })) {
    emit({ type: "blob-done", digest, size });
    return;
  }
  const from = mounted?.get(digest);
  emit(from === undefined ? { type: "blob-present", digest, size } : { type: "blob-mounted", digest, size, from });
}

/** Bytes that go out again after a fault are not reported again. */
function reporting(open: OpenContent, blob: ContentDescriptor, emit: (event: PushEvent) => void): OpenContent {
  const { digest, size } = blob;
  const step = Math.max(size / PROGRESS_STEPS, MIN_PROGRESS_BYTES);
  let reported = 0;
  return async function* (offset) {
    let sent = offset;
    for await (const chunk of open(offset)) {
      yield chunk;
      sent += chunk.length;
      if (sent - reported < step) continue;
      reported = sent;
      emit({ type: "blob-progress", digest, sent, size });
    }
  };
}
