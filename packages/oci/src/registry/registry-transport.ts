import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import type { Reference } from "../reference/reference.ts";
import type { BlobCall, ImageTransport, TransportCall } from "../transport/transport.ts";
import { getBlob } from "./blobs.ts";
import { RegistryClient, type RegistryOptions } from "./client.ts";
import { layerUrls } from "./layer-urls.ts";
import { getManifest, headManifest } from "./manifests.ts";
import { type OnMirrorFailed, Places } from "./places.ts";
import { listReferrers } from "./referrers.ts";
import type { RegistrySession } from "./session.ts";

/** An image in a registry or its mirrors, by the distribution specification. */
export class RegistryTransport implements ImageTransport {
  readonly description: string;
  readonly #reference: Reference;
  readonly #places: Places;
  readonly #followsLayerUrls: boolean;
  readonly #own: RegistryClient | undefined;
  /** Who gave bytes of a blob, since it was last read from its start. */
  readonly #givers = new Map<Digest, Set<RegistrySession>>();

  /**
   * With a client, which stays its owner's, or with options for one of its own.
   *
   * @throws OciError `REGISTRY_OPTIONS_INVALID`
   */
  constructor(reference: Reference, from: RegistryClient | RegistryOptions = {}, onMirrorFailed?: OnMirrorFailed) {
    const client = from instanceof RegistryClient ? from : new RegistryClient(from);
    this.description = `${reference.registry}/${reference.repository}`;
    this.#reference = reference;
    this.#places = new Places(client, reference, onMirrorFailed);
    this.#followsLayerUrls = client.followsLayerUrls;
    this.#own = client === from ? undefined : client;
  }

  async rootDigest({ signal }: TransportCall): Promise<Digest | undefined> {
    const { digest, tag = "latest" } = this.#reference;
    return digest ?? this.#places.ask((session) => headManifest(session, tag, signal), signal);
  }

  rootManifest({ signal }: TransportCall): Promise<RawManifest> {
    const { digest, tag = "latest" } = this.#reference;
    return this.#places.ask((session) => getManifest(session, digest ?? tag, signal), signal);
  }

  manifest({ digest }: ContentDescriptor, { signal }: TransportCall): Promise<RawManifest> {
    return this.#places.ask((session) => getManifest(session, digest, signal), signal);
  }

  async *blob(descriptor: Descriptor, call: BlobCall): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.#blobFromPlaces(descriptor, call);
    } catch (error) {
      const [url] = layerUrls(descriptor);
      if (url === undefined || !isMissing(error, "BLOB_NOT_FOUND")) throw error;
      if (!this.#followsLayerUrls) throw foreignLayer(error, url);
      yield* getBlob(this.#places.current, descriptor, { ...call, url });
    }
  }

  /** When a mirror breaks off, the next place goes on where it stopped. */
  async *#blobFromPlaces(
    descriptor: ContentDescriptor,
    { offset = 0, ...call }: BlobCall,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let received = offset;
    const givers = (offset > 0 && this.#givers.get(descriptor.digest)) || new Set();
    this.#givers.set(descriptor.digest, givers);
    for (;;) {
      const session = this.#places.current;
      try {
        for await (const chunk of getBlob(session, descriptor, { ...call, offset: received })) {
          received += chunk.length;
          givers.add(session);
          yield chunk;
        }
        return;
      } catch (error) {
        this.#places.passOver(session, error, call.signal);
      }
    }
  }

  distrust({ digest }: ContentDescriptor, error: OciError, { signal }: TransportCall): void {
    const givers = this.#givers.get(digest) ?? new Set();
    this.#givers.delete(digest);
    this.#places.passOverAll(givers, error, signal);
  }

  tagged(tag: string, { signal }: TransportCall): Promise<RawManifest | undefined> {
    return this.#places.find(async (session) => {
      try {
        return await getManifest(session, tag, signal);
      } catch (error) {
        if (isMissing(error, "IMAGE_NOT_FOUND")) return undefined;
        throw error;
      }
    }, signal);
  }

  async referrers(digest: Digest, { signal }: TransportCall): Promise<readonly Descriptor[]> {
    return (await this.#places.find((session) => listReferrers(session, digest, signal), signal)) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]();
  }
}

function isMissing(error: unknown, code: "BLOB_NOT_FOUND" | "IMAGE_NOT_FOUND"): error is OciError {
  return error instanceof OciError && error.code === code;
}

function foreignLayer(cause: OciError, { host }: URL): OciError {
  return new OciError({
    code: "BLOB_NOT_FOUND",
    message: `${cause.message}; its publisher offers it at ${host} only`,
    hint: "Allow it with followLayerUrls if you trust the image's publisher to name addresses that this machine asks.",
    cause,
    details: { ...cause.details, host },
  });
}
