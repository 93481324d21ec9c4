import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import { positionTag } from "../layout/image-name.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import { parseReference } from "../reference/reference.ts";
import type { BlobCall, ImageTransport, TransportCall } from "../transport/transport.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import { type SynthesisedImage, synthesiseImage } from "./docker-image.ts";
import { type DockerImage, normalised, readDockerManifest } from "./docker-manifest.ts";

/** An image in an archive of `docker save`, under a manifest that is made for it. */
export class DockerArchiveTransport implements ImageTransport {
  readonly description: string;
  readonly #files: ArchiveFiles;
  readonly #tag: string | undefined;
  #image: SynthesisedImage | undefined;

  /** `tag` is a reference in any spelling, or `@0`, `@1`, …: an image by its position, as skopeo writes it. */
  constructor(files: ArchiveFiles, tag: string | undefined) {
    this.#files = files;
    this.#tag = tag;
    this.description = `docker-archive:${files.path}${tag === undefined ? "" : `:${tag}`}`;
  }

  async rootDigest(call: TransportCall): Promise<Digest> {
    return (await this.rootManifest(call)).digest;
  }

  async rootManifest(call: TransportCall): Promise<RawManifest> {
    return (await this.#synthesised(call)).manifest;
  }

  async manifest({ digest }: ContentDescriptor, call: TransportCall): Promise<RawManifest> {
    const { manifest } = await this.#synthesised(call);
    if (manifest.digest !== digest) throw this.#notFound(`the manifest ${digest}`, [manifest.digest]);
    return manifest;
  }

  async *blob({ digest, size }: ContentDescriptor, { signal, offset = 0 }: BlobCall): AsyncGenerator<Uint8Array, void> {
    const { files } = await this.#synthesised({ signal });
    const name = files.get(digest);
    if (name === undefined) throw this.#missing(digest);
    // One byte beyond the size tells a longer file without reading it.
    yield* this.#files.stream(name, { start: offset, end: size + 1 }, { signal });
  }

  async tagged(tag: string, call: TransportCall): Promise<RawManifest | undefined> {
    if (this.#tag === undefined || positionTag(this.#tag) !== undefined) return undefined;
    const { registry, repository } = parseReference(this.#tag);
    const wanted = `${registry}/${repository}:${tag}`;
    const image = (await readDockerManifest(this.#files, call)).find(({ references }) => references.includes(wanted));
    return image === undefined ? undefined : (await synthesiseImage(this.#files, image, call)).manifest;
  }

  /** An archive of `docker save` has images only. */
  async referrers(): Promise<readonly Descriptor[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }

  async #synthesised(call: TransportCall): Promise<SynthesisedImage> {
    call.signal?.throwIfAborted();
    this.#image ??= await synthesiseImage(this.#files, await this.#select(call), call);
    return this.#image;
  }

  async #select(call: TransportCall): Promise<DockerImage> {
    const images = await readDockerManifest(this.#files, call);
    const tag = this.#tag;
    const position = positionTag(tag);
    const wanted = tag === undefined ? undefined : (normalised(tag) ?? tag);
    const found = images.filter(({ references }, at) =>
      position === undefined ? wanted === undefined || references.includes(wanted) : at === position,
    );
    const [image] = found;
    const what = wanted === undefined ? "one image" : `one image with the name ${JSON.stringify(wanted)}`;
    if (image !== undefined && found.length === 1) return image;
    throw this.#notFound(
      `exactly ${what}, but ${found.length}`,
      images.flatMap(({ references }) => references),
    );
  }

  #notFound(what: string, names: readonly string[]): OciError {
    const { path } = this.#files;
    const some = names.slice(0, 20);
    return new OciError({
      code: "IMAGE_NOT_FOUND",
      message: `${path} does not hold ${what}; it has: ${some.join(", ") || "no names"}`,
      hint: `Name one of them after the path: docker-archive:${path}:redis:7; docker-archive:${path}:@0 is the first.`,
      details: { path, names: some },
    });
  }

  #missing(digest: Digest): OciError {
    return new OciError({
      code: "BLOB_NOT_FOUND",
      message: `${this.description} does not have the blob ${digest}`,
      hint: "Ask for the blobs that its manifest names.",
      details: { path: this.#files.path, digest },
    });
  }
}
