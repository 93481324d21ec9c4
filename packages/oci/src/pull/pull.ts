import { guestPlatform, type Platform } from "@a3s/core";
import { openFileTransport } from "../archive/file-transport.ts";
import type { RegistryOptions } from "../registry/client.ts";
import { RegistryTransport } from "../registry/registry-transport.ts";
import { type ImageSource, parseImageSource } from "../source/image-source.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { ImageTransport } from "../transport/transport.ts";
import type { PullEvent } from "./pull-event.ts";
import { Pull } from "./pull-handle.ts";
import { pullImage } from "./pull-image.ts";

/** How a source is reached. */
export type TransportOptions = RegistryOptions;

/** Options of {@link pull}. */
export interface PullOptions extends TransportOptions {
  readonly store: ImageStore;
  /** The platform of this machine's guests by default. */
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for each event; the same ones that iterating the pull gives. */
  readonly onProgress?: ((event: PullEvent) => void) | undefined;
}

/**
 * Pulls an image from a registry, or from `oci:/path/to/layout[:tag]`, into a store. It starts at once.
 *
 * ```ts
 * const image = await pull("alpine:3.22", { store });
 * for await (const event of pull("alpine:3.22", { store })) console.log(event.type);
 * ```
 *
 * Rejects with an {@link OciError}, or with the signal's reason. After a failure no temporary file is left.
 */
export function pull(reference: string, options: PullOptions): Pull {
  const { store, signal, onProgress, platform = guestPlatform() } = options;
  return new Pull(
    async (emit, signal) => {
      const source = parseImageSource(reference);
      await using transport = openTransport(source, options);
      return await pullImage({ source, transport, store, platform, emit, signal });
    },
    { signal, onProgress },
  );
}

/** The transport that reads a kind of source. */
export function openTransport(source: ImageSource, options: TransportOptions = {}): ImageTransport {
  if (source.kind !== "registry") return openFileTransport(source);
  return new RegistryTransport(source.reference, options);
}
