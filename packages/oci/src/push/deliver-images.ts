import { guestPlatform, type Platform } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import { formatImageSource, type ImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import { copyImage } from "./copy-image.ts";
import { type CopyPlan, planCopy } from "./copy-plan.ts";
import type { PushEvent, PushedImage } from "./push-event.ts";
import { openTarget, type TargetOptions } from "./target.ts";
import { expectPinned, nameAt, sourceAt } from "./target-name.ts";

/** Options of {@link deliverImages}. */
export interface DeliveryOptions extends TargetOptions {
  readonly platform?: Platform | undefined;
}

/** What watches a delivery, and stops it. */
export interface DeliveryCall {
  readonly emit: (event: PushEvent) => void;
  readonly signal: AbortSignal;
}

/** Copies images of a store to one target and makes them show there when all of them are complete. */
export async function deliverImages(
  sources: readonly ImageSource[],
  to: ImageSource,
  options: DeliveryOptions,
  { emit, signal }: DeliveryCall,
): Promise<readonly PushedImage[]> {
  const { store, platform = to.kind === "docker-archive" ? guestPlatform() : undefined } = options;
  const plans: CopyPlan[] = [];
  for (const from of sources) {
    const reference = formatImageSource(from);
    const root = await store.resolve(from);
    if (root === undefined) throw notThere(store, reference);
    plans.push(await planCopy({ store, reference, root, platform, signal }));
  }
  for (const { root } of plans) expectPinned(to, root.digest);
  // Names may be removed meanwhile, content may not.
  await using _lease = await store.lease(plans.flatMap(contentOf), { signal });
  await using target = await openTarget(
    to,
    plans.flatMap(({ blobs }) => blobs),
    options,
    signal,
  );
  const images: PushedImage[] = [];
  for (const [position, plan] of plans.entries()) {
    // A plan was made for each source.
    const name = nameAt(to, sources[position] as ImageSource);
    await copyImage(plan, { ...target, store, name, emit, signal });
    images.push({ reference: sourceAt(to, name, plan.root.digest), digest: plan.root.digest });
  }
  await target.destination.commit({ signal });
  for (const image of images) emit({ type: "done", image });
  return images;
}

function contentOf({ blobs, manifests }: CopyPlan) {
  return [...blobs, ...manifests].map(({ digest }) => digest);
}

function notThere(store: ImageStore, reference: string): OciError {
  return new OciError({
    code: "IMAGE_NOT_FOUND",
    message: `The image store ${store.directory} does not have ${reference}`,
    hint: "Pull it first, or name an image that the store lists.",
    details: { directory: store.directory, reference },
  });
}
