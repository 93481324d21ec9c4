import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@a3s/core";
import { readVerified } from "../content/verify-content.ts";
import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor, Descriptor } from "../manifest/descriptor.ts";
import { MAX_MANIFEST_BYTES, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import type { BlobCall, ImageTransport, TransportCall } from "../transport/transport.ts";
import { blobPath } from "./blob-path.ts";
import { hasTag, storedName } from "./image-name.ts";
import { checkOciLayout, MAX_INDEX_JSON_BYTES, parseIndexJson } from "./index-json.ts";

const CHUNK_BYTES = 1024 * 1024;

/** An image in an OCI image layout on disk. */
export class LayoutTransport implements ImageTransport {
  readonly description: string;
  readonly #directory: string;
  readonly #tag: string | undefined;

  constructor(directory: string, tag: string | undefined) {
    this.#directory = directory;
    this.#tag = tag;
    this.description = `oci:${directory}${tag === undefined ? "" : `:${tag}`}`;
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

  async *blob({ digest, size }: ContentDescriptor, { signal, offset = 0 }: BlobCall): AsyncGenerator<Uint8Array, void> {
    // One byte beyond the size tells a longer file without reading it.
    const options = {
      highWaterMark: CHUNK_BYTES,
      start: offset,
      end: size,
      ...(signal === undefined ? {} : { signal }),
    };
    const stream = createReadStream(blobPath(this.#directory, digest), options);
    try {
      for await (const chunk of stream) yield chunk as Uint8Array;
    } catch (error) {
      signal?.throwIfAborted();
      throw (error as NodeJS.ErrnoException).code === "ENOENT" ? this.#missing(digest) : this.#invalid("", error);
    }
  }

  async tagged(tag: string, call: TransportCall): Promise<RawManifest | undefined> {
    const [found] = (await this.#entries(call)).filter((entry) => hasTag(entry, tag));
    return found === undefined ? undefined : this.manifest(found, call);
  }

  /** A layout names its images only; none of them is found by its subject. */
  async referrers(): Promise<readonly Descriptor[]> {
    return [];
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #entries({ signal }: TransportCall): Promise<readonly Descriptor[]> {
    const [layout, index] = await Promise.all([this.#read("oci-layout", signal), this.#read("index.json", signal)]);
    try {
      checkOciLayout(layout);
      return parseIndexJson(index).manifests;
    } catch (error) {
      throw this.#invalid("oci-layout or index.json is malformed", error);
    }
  }

  async #root(call: TransportCall): Promise<Descriptor> {
    const entries = await this.#entries(call);
    const tag = this.#tag;
    const found = tag === undefined ? entries : entries.filter((entry) => hasTag(entry, tag));
    const [root] = found;
    if (root === undefined || found.length > 1) throw this.#notFound(entries, found.length);
    return root;
  }

  async #read(name: string, signal: AbortSignal | undefined): Promise<string> {
    const path = join(this.#directory, name);
    try {
      const { size } = await stat(path);
      if (size > MAX_INDEX_JSON_BYTES) throw new Error(`${path} has ${size} bytes`);
      return await readFile(path, { encoding: "utf8", ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#invalid(`${name} cannot be read`, error);
    }
  }

  #invalid(fault: string, cause: unknown): OciError {
    const why = fault === "" ? (cause as Error).message : fault;
    return new OciError({
      code: "LAYOUT_INVALID",
      message: `${this.#directory} is not a readable OCI image layout: ${why}`,
      hint: "Give the directory that holds oci-layout, index.json and blobs.",
      cause,
      details: { directory: this.#directory },
    });
  }

  #missing(digest: Digest): OciError {
    return new OciError({
      code: "BLOB_NOT_FOUND",
      message: `${this.#directory} does not have the blob ${digest}`,
      hint: "The layout is incomplete; copy or build it again.",
      details: { directory: this.#directory, digest },
    });
  }

  #notFound(entries: readonly Descriptor[], found: number): OciError {
    const names = entries.map((entry) => storedName(entry) ?? entry.digest).slice(0, 20);
    const what = this.#tag === undefined ? "one image" : `one image with the tag ${JSON.stringify(this.#tag)}`;
    return new OciError({
      code: "IMAGE_NOT_FOUND",
      message: `${this.#directory} does not hold exactly ${what} but ${found}; it has: ${names.join(", ") || "none"}`,
      hint: "Name one of them after the path: oci:/path/to/layout:tag.",
      details: { directory: this.#directory, names },
    });
  }
}
