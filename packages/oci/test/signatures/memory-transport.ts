import type { Digest } from "@a3s/core";
import { digestOf, jsonBlob } from "@a3s/testing";
import { OciError } from "../../src/errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../../src/manifest/descriptor.ts";
import type { RawManifest } from "../../src/manifest/manifest.ts";
import type { ImageTransport } from "../../src/transport/transport.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** A layer of an artifact: its content, and what the artifact says about it. */
export interface ArtifactLayer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Put in place of the true size or digest. */
  readonly descriptor?: Partial<ContentDescriptor>;
}

/** A repository in memory that holds signatures only, and counts what is asked of it. */
export class MemoryTransport implements ImageTransport {
  readonly description = "registry.example.com/team/app";
  readonly asked: string[] = [];
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #tags = new Map<string, RawManifest>();
  readonly #referrers = new Map<Digest, Descriptor[]>();

  /** Puts an artifact under a tag. */
  tag(tag: string, layers: readonly ArtifactLayer[]): this {
    this.#tags.set(tag, this.#artifact(layers).manifest);
    return this;
  }

  /** Puts bytes that are no artifact under a tag. */
  tagBytes(tag: string, bytes: Uint8Array): this {
    this.#tags.set(tag, { bytes, digest: digestOf(bytes) });
    return this;
  }

  /** Attaches an artifact to a digest. */
  attach(subject: Digest, layers: readonly ArtifactLayer[], more: Partial<Descriptor>): this {
    const { descriptor } = this.#artifact(layers);
    this.#referrers.set(subject, [...(this.#referrers.get(subject) ?? []), { ...descriptor, ...more }]);
    return this;
  }

  async tagged(tag: string): Promise<RawManifest | undefined> {
    this.asked.push(tag);
    return this.#tags.get(tag);
  }

  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    this.asked.push(`referrers of ${digest}`);
    return this.#referrers.get(digest) ?? [];
  }

  async manifest({ digest, mediaType }: ContentDescriptor): Promise<RawManifest> {
    return { bytes: this.#content(digest), digest, mediaType };
  }

  async *blob({ digest }: ContentDescriptor): AsyncGenerator<Uint8Array, void> {
    yield this.#content(digest);
  }

  async rootDigest(): Promise<undefined> {}

  async rootManifest(): Promise<RawManifest> {
    throw new Error("There is no image");
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #artifact(layers: readonly ArtifactLayer[]): { manifest: RawManifest; descriptor: Descriptor } {
    const config = { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(Buffer.from("{}")), size: 2 };
    const descriptors = layers.map(({ mediaType, bytes, annotations, descriptor }) => {
      const digest = digestOf(bytes);
      this.#blobs.set(digest, bytes);
      return { mediaType, digest, size: bytes.length, ...(annotations && { annotations }), ...descriptor };
    });
    const { descriptor, bytes } = jsonBlob(MANIFEST_TYPE, { schemaVersion: 2, config, layers: descriptors });
    this.#blobs.set(descriptor.digest, bytes);
    return {
      manifest: { bytes, digest: descriptor.digest, mediaType: MANIFEST_TYPE },
      descriptor: descriptor as Descriptor,
    };
  }

  #content(digest: Digest): Uint8Array {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw new OciError({ code: "BLOB_NOT_FOUND", message: `There is no blob ${digest}` });
    return bytes;
  }
}
