import type { Digest } from "@a3s/core";
import { digestOf, type TestContent } from "@a3s/testing";
import { OciError } from "../../src/errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../../src/manifest/descriptor.ts";
import type { RawManifest } from "../../src/manifest/manifest.ts";
import type { ImageTransport } from "../../src/transport/transport.ts";
import { type ArtifactLayer, artifact } from "./artifact.ts";

/** A repository in memory that holds signatures only, and counts what is asked of it. */
export class MemoryTransport implements ImageTransport {
  readonly description = "registry.example.com/team/app";
  readonly asked: string[] = [];
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #tags = new Map<string, RawManifest>();
  readonly #referrers = new Map<Digest, Descriptor[]>();

  /** Puts an artifact under a tag. */
  tag(tag: string, layers: readonly ArtifactLayer[]): this {
    const { digest } = this.#put(layers).descriptor;
    return this.tagBytes(tag, this.#content(digest));
  }

  /** Puts any bytes under a tag. */
  tagBytes(tag: string, bytes: Uint8Array): this {
    this.#tags.set(tag, { bytes, digest: digestOf(bytes) });
    return this;
  }

  /** Attaches an artifact to a digest. */
  attach(subject: Digest, layers: readonly ArtifactLayer[], more: Partial<Descriptor>): this {
    const { mediaType, digest, size } = this.#put(layers).descriptor;
    this.#referrers.set(subject, [...(this.#referrers.get(subject) ?? []), { mediaType, digest, size, ...more }]);
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

  #put(layers: readonly ArtifactLayer[]): TestContent {
    const content = artifact(layers);
    for (const [digest, bytes] of content.blobs) this.#blobs.set(digest, bytes);
    return content;
  }

  #content(digest: Digest): Uint8Array {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw new OciError({ code: "BLOB_NOT_FOUND", message: `There is no blob ${digest}` });
    return bytes;
  }
}
