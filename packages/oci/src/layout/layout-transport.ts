import type { Digest } from "@a3s/core";
import { readVerified } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import { MAX_MANIFEST_BYTES, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import type { BlobCall, ImageTransport, TransportCall } from "../transport/transport.ts";
import { blobPath } from "./blob-path.ts";
import { hasTag, positionTag, storedName } from "./image-name.ts";
import { checkOciLayout, MAX_INDEX_JSON_BYTES, parseIndexJson } from "./index-json.ts";
import type { LayoutFiles } from "./layout-files.ts";

/** An image in an OCI image layout: in a directory, or in an archive. */
export class LayoutTransport implements ImageTransport {
  readonly description: string;
  readonly #files: LayoutFiles;
  readonly #kind: string;
  readonly #tag: string | undefined;

  /** `tag` may be `@0`, `@1`, …: an image by its position, as skopeo writes it. */
  constructor(kind: "oci" | "oci-archive", files: LayoutFiles, tag: string | undefined) {
    this.#files = files;
    this.#kind = kind;
    this.#tag = tag;
    this.description = `${kind}:${files.path}${tag === undefined ? "" : `:${tag}`}`;
  }

  async rootDigest(call: TransportCall): Promise<Digest> {
    return (await this.#root(call)).digest;
  }

  async rootManifest(call: TransportCall): Promise<RawManifest> {
    return this.manifest(await this.#root(call), call);
  }

  async manifest(descriptor: ContentDescriptor, call: TransportCall): Promise<RawManifest> {
    const { digest, mediaType, size } = descriptor;
    if (size > MAX_MANIFEST_BYTES) throw tooLarge(`the manifest ${digest}`, size, MAX_MANIFEST_BYTES);
    return { bytes: await readVerified(this.blob(descriptor, call), descriptor), digest, mediaType };
  }

  blob({ digest, size }: ContentDescriptor, { signal, offset = 0 }: BlobCall): AsyncIterable<Uint8Array> {
    // One byte beyond the size tells a longer file without reading it.
    return this.#files.stream(blobPath("", digest), { start: offset, end: size + 1 }, { signal });
  }

  async tagged(tag: string, call: TransportCall): Promise<RawManifest | undefined> {
    const found = (await layoutEntries(this.#files, call)).find((entry) => hasTag(entry, tag));
    return found === undefined ? undefined : this.manifest(found, call);
  }

  /** A layout names its images only; none of them is found by its subject. */
  async referrers(): Promise<readonly Descriptor[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files[Symbol.asyncDispose]();
  }

  async #root(call: TransportCall): Promise<Descriptor> {
    const entries = await layoutEntries(this.#files, call);
    const tag = this.#tag;
    const position = positionTag(tag);
    const found = entries.filter((entry, at) =>
      position === undefined ? tag === undefined || hasTag(entry, tag) : at === position,
    );
    const [root] = found;
    if (root === undefined || found.length > 1) throw this.#notFound(entries, found.length);
    return root;
  }

  #notFound(entries: readonly Descriptor[], found: number): OciError {
    const { path } = this.#files;
    const names = entries.map((entry) => storedName(entry) ?? entry.digest).slice(0, 20);
    const what = this.#tag === undefined ? "one image" : `one image with the tag ${JSON.stringify(this.#tag)}`;
    return new OciError({
      code: "IMAGE_NOT_FOUND",
      message: `${path} does not hold exactly ${what} but ${found}; it has: ${names.join(", ") || "none"}`,
      hint: `Name one of them after the path: ${this.#kind}:${path}:tag; ${this.#kind}:${path}:@0 is the first.`,
      details: { path, names },
    });
  }
}

/** The images that `index.json` lists. @throws OciError `LAYOUT_INVALID` or `ARCHIVE_INVALID` */
export async function layoutEntries(files: LayoutFiles, call: TransportCall): Promise<readonly Descriptor[]> {
  const [layout, index] = await Promise.all([
    requiredText(files, "oci-layout", call),
    requiredText(files, "index.json", call),
  ]);
  try {
    checkOciLayout(layout);
    return parseIndexJson(index).manifests;
  } catch (error) {
    throw files.invalid("oci-layout or index.json is malformed", error);
  }
}

async function requiredText(files: LayoutFiles, name: string, call: TransportCall): Promise<string> {
  const bytes = await files.read(name, MAX_INDEX_JSON_BYTES, call);
  if (bytes === undefined) throw files.invalid(`it has no ${name}`);
  return Buffer.from(bytes).toString("utf8");
}
