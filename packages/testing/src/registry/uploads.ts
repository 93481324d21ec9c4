import type { IncomingHttpHeaders } from "node:http";
import { type DigestAlgorithm, digestParts, isDigest } from "@a3s/core";
import { digestOf } from "../image/blob.ts";
import { type Answer, empty, failure } from "./answer.ts";
import type { RegistryContent } from "./content.ts";
import type { Route } from "./route.ts";

/** How a test registry takes blobs. */
export interface UploadOptions {
  /** Whether `?mount=` is honoured; it is by default. Otherwise an upload begins, as the specification allows. */
  readonly mounts?: boolean;
  /** Sent as `OCI-Chunk-Min-Length`; shorter chunks are refused unless they are the last. */
  readonly minChunkBytes?: number;
  /** Whether `Location` has a host; it is a path by default. */
  readonly absoluteLocations?: boolean;
}

/** A request about an upload. */
export interface UploadRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly route: Route;
  readonly body: AsyncIterable<Uint8Array>;
  /** Whether the client may read a repository that it wants to mount from. */
  readonly mayRead: (repository: string) => boolean;
}

interface Upload {
  readonly id: string;
  readonly repository: string;
  readonly pieces: Uint8Array[];
  size: number;
  /** Whether a chunk was shorter than allowed: only the last one may be. */
  short: boolean;
}

/**
 * Uploads under way (distribution-spec, "Pushing blobs"). What arrived before a connection broke is kept, as docker-registry does. As
 * there, `Location` has a query that a client must carry on.
 */
export class Uploads {
  readonly #content: RegistryContent;
  readonly #options: UploadOptions;
  readonly #uploads = new Map<string, Upload>();
  #begun = 0;

  constructor(content: RegistryContent, options: UploadOptions) {
    this.#content = content;
    this.#options = options;
  }

  /** Uploads that are neither finished nor deleted. */
  get open(): number {
    return this.#uploads.size;
  }

  forget(id: string): void {
    this.#uploads.delete(id);
  }

  async answer(request: UploadRequest): Promise<Answer> {
    const { method, route, headers } = request;
    if (route.reference === "") return method === "POST" ? this.#begin(request) : failure(405, "UNSUPPORTED");
    const upload = this.#uploads.get(route.reference);
    if (upload?.repository !== route.repository || !route.query.has("state")) {
      return failure(404, "BLOB_UPLOAD_UNKNOWN");
    }
    if (method === "GET") return empty(204, this.#progress(upload, headers));
    if (method === "DELETE") {
      this.#uploads.delete(upload.id);
      return empty(204);
    }
    if (method === "PATCH") return (await this.#append(upload, request)) ?? empty(202, this.#progress(upload, headers));
    return method === "PUT" ? this.#finish(upload, request) : failure(405, "UNSUPPORTED");
  }

  #begin({ route: { repository, query }, headers, mayRead }: UploadRequest): Answer {
    const { mounts = true, minChunkBytes } = this.#options;
    const digest = query.get("mount") ?? "";
    const from = query.get("from") ?? "";
    const bytes = mounts && mayRead(from) ? this.#content.blob(from, digest) : undefined;
    if (bytes !== undefined) return this.#keep(repository, digest, bytes);
    const upload: Upload = { id: `upload-${++this.#begun}`, repository, pieces: [], size: 0, short: false };
    this.#uploads.set(upload.id, upload);
    const minimum = minChunkBytes === undefined ? {} : { "oci-chunk-min-length": String(minChunkBytes) };
    return empty(202, { ...this.#progress(upload, headers), ...minimum });
  }

  /** Takes the body; the fault, if it does not fit. Nothing of a body that is refused is kept. */
  async #append(upload: Upload, { headers, body }: UploadRequest): Promise<Answer | undefined> {
    const { minChunkBytes = 0 } = this.#options;
    const range = headers["content-range"];
    const [, first, last] = /^(\d+)-(\d+)$/.exec(range ?? "") ?? [];
    const length = Number(last) - Number(first) + 1;
    if (range !== undefined) {
      if (Number(first) !== upload.size) return failure(416, "BLOB_UPLOAD_INVALID", this.#progress(upload, headers));
      if (Number(headers["content-length"]) !== length) return failure(400, "SIZE_INVALID");
    }
    if (upload.short) return failure(400, "SIZE_INVALID");
    for await (const piece of body) {
      upload.pieces.push(piece);
      upload.size += piece.length;
    }
    upload.short = length < minChunkBytes;
    return undefined;
  }

  async #finish(upload: Upload, request: UploadRequest): Promise<Answer> {
    const { route, headers } = request;
    const digest = route.query.get("digest");
    if (!isDigest(digest)) return failure(400, "DIGEST_INVALID");
    const fault = Number(headers["content-length"] ?? 0) > 0 ? await this.#append(upload, request) : undefined;
    if (fault !== undefined) return fault;
    this.#uploads.delete(upload.id);
    const bytes = Buffer.concat(upload.pieces);
    const algorithm: DigestAlgorithm = digestParts(digest).algorithm;
    if (digestOf(bytes, algorithm) !== digest) return failure(400, "DIGEST_INVALID");
    return this.#keep(route.repository, digest, bytes);
  }

  #keep(repository: string, digest: string, bytes: Uint8Array): Answer {
    this.#content.putBlob(repository, digest, bytes);
    return empty(201, { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest });
  }

  #progress({ repository, id, size }: Upload, headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
    const origin = this.#options.absoluteLocations === true ? `http://${headers.host}` : "";
    const location = `${origin}/v2/${repository}/blobs/uploads/${id}?state=${size}`;
    return { location, range: `0-${Math.max(size - 1, 0)}`, "docker-upload-uuid": id };
  }
}
