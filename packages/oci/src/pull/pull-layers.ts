import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { ImageTransport } from "../transport/transport.ts";
import { eachConcurrently } from "./each-concurrently.ts";
import type { PullEvent } from "./pull-event.ts";

/** Blobs downloaded at the same time. */
export const MAX_CONCURRENT_DOWNLOADS = 4;

/** Progress events of one layer, at most. */
const PROGRESS_STEPS = 50;
/** Less than this is not worth an event. */
const MIN_PROGRESS_BYTES = 64 * 1024;

/** Where layers go from and to. */
export interface LayerRoute {
  readonly transport: ImageTransport;
  readonly store: ImageStore;
  readonly emit: (event: PullEvent) => void;
  readonly signal: AbortSignal;
}

/** Layers by digest: the same one may occur twice in an image. */
export function distinctLayers(layers: readonly ContentDescriptor[]): readonly ContentDescriptor[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

/** Brings layers into the store. */
export async function pullLayers(layers: readonly ContentDescriptor[], route: LayerRoute): Promise<void> {
  const { transport, store, emit } = route;
  await eachConcurrently(layers, MAX_CONCURRENT_DOWNLOADS, route.signal, async (layer, signal) => {
    const { digest, size } = layer;
    const open = (offset: number) => reporting(transport.blob(layer, { signal, offset }), offset, layer, emit);
    const { taken } = await store.add(layer, open, { signal });
    emit({ type: taken ? "layer-done" : "layer-present", digest, size });
  });
}

async function* reporting(
  content: AsyncIterable<Uint8Array>,
  offset: number,
  { digest, size }: ContentDescriptor,
  emit: (event: PullEvent) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const step = Math.max(size / PROGRESS_STEPS, MIN_PROGRESS_BYTES);
  let received = offset;
  let reported = offset;
  for await (const chunk of content) {
    yield chunk;
    received += chunk.length;
    if (received - reported < step) continue;
    reported = received;
    emit({ type: "layer-progress", digest, received, size });
  }
}
