import { inSteps } from "@a3s/core";
import type { Descriptor } from "../manifest/descriptor.ts";
import { eachConcurrently } from "../progress/each-concurrently.ts";
import type { ImageStore } from "../store/image-store.ts";
import { fromAnyPlace } from "../transport/from-any-place.ts";
import type { ImageTransport } from "../transport/transport.ts";
import { contentOf } from "./content-of.ts";
import type { PullEvent } from "./pull-event.ts";

/** Layers fetched at the same time, unless told otherwise. */
export const DEFAULT_CONCURRENCY = 4;

/** Where layers go from and to. */
export interface LayerRoute {
  readonly transport: ImageTransport;
  readonly store: ImageStore;
  readonly concurrency: number;
  readonly emit: (event: PullEvent) => void;
  readonly signal: AbortSignal;
}

/** Layers by digest: the same one may occur twice in an image. */
export function distinctLayers(layers: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
}

/** Brings layers into the store. */
export async function pullLayers(layers: readonly Descriptor[], route: LayerRoute): Promise<void> {
  const { transport, store, emit } = route;
  await eachConcurrently(layers, route.concurrency, route.signal, async (layer, signal) => {
    const { digest, size } = layer;
    const open = contentOf(layer, transport, signal);
    const content = (offset: number) => reporting(open(offset), offset, layer, emit);
    const add = () => store.add(layer, content, { signal });
    const { taken, resumedFrom } = await fromAnyPlace(transport, layer, { signal }, add);
    emit(taken ? { type: "layer-done", digest, size, resumedFrom } : { type: "layer-present", digest, size });
  });
}

async function* reporting(
  content: AsyncIterable<Uint8Array>,
  offset: number,
  { digest, size }: Descriptor,
  emit: (event: PullEvent) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const report = inSteps(size, (received) => emit({ type: "layer-progress", digest, received, size }), offset);
  let received = offset;
  for await (const chunk of content) {
    yield chunk;
    received += chunk.length;
    report(received);
  }
}
