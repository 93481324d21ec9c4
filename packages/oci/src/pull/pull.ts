import { guestPlatform, Operation, type Platform } from "@a3s/core";
import { openFileTransport } from "../archive/file-transport.ts";
import type { RegistryOptions } from "../registry/client.ts";
import type { OnMirrorFailed } from "../registry/places.ts";
import { RegistryTransport } from "../registry/registry-transport.ts";
import type { SignaturePolicy } from "../signature/signature-policy.ts";
import { type ImageSource, parseImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { StoredImage } from "../store/stored-image.ts";
import type { ImageTransport } from "../transport/transport.ts";
import type { PullEvent } from "./pull-event.ts";
import { pullImage } from "./pull-image.ts";
import { DEFAULT_CONCURRENCY } from "./pull-layers.ts";

/** Options of {@link pull}. */
export interface PullOptions extends RegistryOptions {
  readonly store: ImageStore;
  /** The platform of this machine's guests by default. */
  readonly platform?: Platform | undefined;
  /** What the image has to be signed with; `{ type: "skip" }` by default. */
  readonly signaturePolicy?: SignaturePolicy | undefined;
  /** Layers fetched at the same time; {@link DEFAULT_CONCURRENCY} by default. */
  readonly concurrency?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each event; the same ones that iterating the pull gives. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/** A pull under way. */
export type Pull = Operation<PullEvent, StoredImage>;

/**
 * Pulls an image into a store: from a registry, or from `oci:/path/to/layout[:tag]`, `oci-archive:/path/to.tar[:tag]` or
 * `docker-archive:/path/to.tar[:reference]`. It starts at once.
 *
 * ```ts
 * const image = await pull("alpine:3.22", { store });
 * for await (const event of pull("alpine:3.22", { store })) console.log(event.type);
 * ```
 *
 * Rejects with an {@link OciError}, or with the signal's reason. After a failure nothing that looks whole is left; the next pull goes
 * on where layers broke off.
 */
export function pull(reference: string, options: PullOptions): Pull {
  const { store, signal, onProgress } = options;
  const { platform = guestPlatform(), signaturePolicy = { type: "skip" }, concurrency = DEFAULT_CONCURRENCY } = options;
  return new Operation(
    async (emit, signal) => {
      const source = parseImageSource(reference);
      await using transport = openTransport(source, options, (mirror, { code, message }) =>
        emit({ type: "mirror-failed", mirror, code, message }),
      );
      return await pullImage({ source, transport, store, platform, signaturePolicy, concurrency, emit, signal });
    },
    { signal, onProgress },
  );
}

/** The transport that reads a kind of source. */
export function openTransport(
  source: ImageSource,
  options: RegistryOptions = {},
  onMirrorFailed?: OnMirrorFailed,
): ImageTransport {
  if (source.kind !== "registry") return openFileTransport(source);
  return new RegistryTransport(source.reference, options, onMirrorFailed);
}
