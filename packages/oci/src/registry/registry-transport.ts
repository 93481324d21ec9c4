import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import type { Reference } from "../reference/reference.ts";
import type { BlobCall, ImageTransport, TransportCall } from "../transport/transport.ts";
import { getBlob } from "./blobs.ts";
import { RegistryClient, type RegistryOptions } from "./client.ts";
import { getManifest, headManifest } from "./manifests.ts";
import { RegistrySession } from "./session.ts";

/** An image in a registry, by the distribution specification. */
export class RegistryTransport implements ImageTransport {
  readonly description: string;
  readonly #reference: Reference;
  readonly #session: RegistrySession;
  readonly #own: RegistryClient | undefined;

  /** With a client, which stays its owner's, or with options for one of its own. */
  constructor(reference: Reference, from: RegistryClient | RegistryOptions = {}) {
    const client = from instanceof RegistryClient ? from : new RegistryClient(from);
    this.#reference = reference;
    this.#own = client === from ? undefined : client;
    this.#session = new RegistrySession(client, reference);
    this.description = this.#session.name;
  }

  async rootDigest({ signal }: TransportCall): Promise<Digest | undefined> {
    return this.#reference.digest ?? headManifest(this.#session, this.#reference.tag ?? "latest", signal);
  }

  rootManifest({ signal }: TransportCall): Promise<RawManifest> {
    return getManifest(this.#session, this.#reference.digest ?? this.#reference.tag ?? "latest", signal);
  }

  manifest({ digest }: ContentDescriptor, { signal }: TransportCall): Promise<RawManifest> {
    return getManifest(this.#session, digest, signal);
  }

  blob(descriptor: ContentDescriptor, call: BlobCall): AsyncIterable<Uint8Array> {
    return getBlob(this.#session, descriptor, call);
  }

  async tagged(tag: string, { signal }: TransportCall): Promise<RawManifest | undefined> {
    try {
      return await getManifest(this.#session, tag, signal);
    } catch (error) {
      if (error instanceof OciError && error.code === "IMAGE_NOT_FOUND") return undefined;
      throw error;
    }
  }

  async referrers(): Promise<readonly Descriptor[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#own?.[Symbol.asyncDispose]();
  }
}
