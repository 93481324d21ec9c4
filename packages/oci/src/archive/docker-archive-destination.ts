import { type Digest, Turns } from "@a3s/core";
import { contentDigest } from "../content/content-digest.ts";
import { once } from "../content/once.ts";
import { blobMismatch, readVerified } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import { writingTo } from "../layout/destination-fault.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { parseImageConfig } from "../manifest/image-config.ts";
import { MAX_CONFIG_BYTES, manifestInvalid, tooLarge } from "../manifest/json-document.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { isImageConfigType, isLayerType } from "../manifest/media-type.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import { formatReference, parseReference } from "../reference/reference.ts";
import type { ImageDestination, OpenContent, PutManifestCall } from "../transport/destination.ts";
import type { TransportCall } from "../transport/transport.ts";
import { PlainLayer } from "./plain-layer.ts";
import { TarWriter } from "./tar-writer.ts";

/** A configuration in the archive. */
interface WrittenConfig {
  readonly file: string;
  readonly diffIds: readonly Digest[];
}

/** An image in the archive; `tags` are references in their one spelling. */
interface WrittenImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly tags: Set<string>;
}

/**
 * A new archive as `docker load` reads it: configurations, unpacked layers and `manifest.json`. What has the path before is replaced
 * when all of it is written. Manifests are not kept: whoever reads the archive makes others.
 */
export class DockerArchiveDestination implements ImageDestination {
  readonly description: string;
  readonly #path: string;
  readonly #writer: TarWriter;
  readonly #turns = new Turns();
  readonly #configs = new Map<Digest, WrittenConfig>();
  /** Digest of the plain layer, by that of the blob. */
  readonly #layers = new Map<Digest, Digest>();
  readonly #images = new Map<string, WrittenImage>();

  constructor(path: string) {
    this.#path = path;
    this.#writer = new TarWriter(path);
    this.description = `docker-archive:${path}`;
  }

  async putBlob(descriptor: ContentDescriptor, open: OpenContent, { signal }: TransportCall): Promise<boolean> {
    const { digest, mediaType } = descriptor;
    const isConfig = isImageConfigType(mediaType);
    if (!isConfig && !isLayerType(mediaType)) throw unsupported(`A blob of the type ${mediaType}`);
    return this.#turns.take(digest, signal, async () => {
      signal?.throwIfAborted();
      if (this.#configs.has(digest) || this.#layers.has(digest)) return false;
      if (isConfig) await this.#writeConfig(descriptor, open, signal);
      else await this.#writeLayer(descriptor, open, signal);
      return true;
    });
  }

  async putManifest(manifest: TypedManifest, { name, signal }: PutManifestCall): Promise<void> {
    signal?.throwIfAborted();
    const { bytes, digest } = manifest;
    await readVerified(once(bytes), { digest, size: bytes.length });
    const tag = name === undefined ? undefined : tagOf(name);
    const parsed = parseManifest(manifest);
    if (parsed.kind === "index") throw unsupported(`The index ${digest}`);
    const config = this.#configs.get(parsed.manifest.config.digest);
    if (config === undefined) throw notPut(this.description, parsed.manifest.config.digest);
    const layers = parsed.manifest.layers.map((layer) => {
      const plain = this.#layers.get(layer.digest);
      if (plain === undefined) throw notPut(this.description, layer.digest);
      return { digest: layer.digest, plain };
    });
    checkDiffIds(digest, config.diffIds, layers);
    const known = this.#images.get(config.file);
    const image = known ?? {
      config: config.file,
      layers: layers.map(({ plain }) => fileOf(plain, "tar")),
      tags: new Set(),
    };
    if (tag !== undefined) for (const { tags } of this.#images.values()) tags.delete(tag);
    if (tag !== undefined) image.tags.add(tag);
    this.#images.set(config.file, image);
  }

  async commit({ signal }: TransportCall): Promise<void> {
    const images = [...this.#images.values()].map(({ config, layers, tags }) => ({
      Config: config,
      RepoTags: [...tags],
      Layers: layers,
    }));
    await writingTo(this.#path, async () => {
      const content = () => once(Buffer.from(JSON.stringify(images), "utf8"));
      await this.#writer.append({ name: "manifest.json", content }, signal);
      await this.#writer.commit(signal);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }

  async #writeConfig(descriptor: ContentDescriptor, open: OpenContent, signal: AbortSignal | undefined): Promise<void> {
    const { digest, size } = descriptor;
    if (size > MAX_CONFIG_BYTES) throw tooLarge(`the image configuration ${digest}`, size, MAX_CONFIG_BYTES);
    const bytes = await readVerified(open(0), descriptor);
    const { diffIds } = parseImageConfig(bytes, digest);
    // Docker's image ID is the sha256 digest of the configuration, whatever its descriptor names.
    const name = fileOf(contentDigest(bytes), "json");
    await writingTo(this.#path, () => this.#writer.append({ name, content: () => once(bytes) }, signal));
    this.#configs.set(digest, { file: name, diffIds });
  }

  async #writeLayer(descriptor: ContentDescriptor, open: OpenContent, signal: AbortSignal | undefined): Promise<void> {
    const layer = new PlainLayer(descriptor, open);
    const name = () => fileOf(layer.digest, "tar");
    await writingTo(this.#path, () => this.#writer.append({ name, content: () => layer.content() }, signal));
    this.#layers.set(descriptor.digest, layer.digest);
  }
}

function checkDiffIds(
  manifest: Digest,
  diffIds: readonly Digest[],
  layers: readonly { readonly digest: Digest; readonly plain: Digest }[],
): void {
  if (diffIds.length !== layers.length) {
    throw manifestInvalid(`the manifest ${manifest}`, `has ${layers.length} layers for ${diffIds.length} diff IDs`);
  }
  for (const [position, { digest, plain }] of layers.entries()) {
    const diffId = diffIds[position];
    if (diffId?.startsWith("sha512:")) throw unsupported(`The diff ID ${diffId}`);
    if (diffId !== plain) throw blobMismatch(digest, `is ${plain} unpacked, not its diff ID ${diffId}`);
  }
}

/** Docker knows an image by its repository and a tag; a digest of a manifest that the archive does not keep says nothing. */
function tagOf(name: string): string | undefined {
  const { registry, repository, tag } = parseReference(name);
  return tag === undefined ? undefined : formatReference({ registry, repository, tag });
}

function fileOf(digest: Digest, extension: string): string {
  return `${digest.slice(digest.indexOf(":") + 1)}.${extension}`;
}

function unsupported(what: string): OciError {
  return new OciError({
    code: "MANIFEST_UNSUPPORTED",
    message: `${what} has no place in an archive for docker load`,
    hint: "Choose one platform of the image, or write an oci-archive, which keeps everything.",
  });
}

function notPut(description: string, digest: Digest): OciError {
  return new OciError({
    code: "BLOB_NOT_FOUND",
    message: `${description} was given a manifest before its blob ${digest}`,
    hint: "Put the blobs of an image first.",
    details: { digest },
  });
}
