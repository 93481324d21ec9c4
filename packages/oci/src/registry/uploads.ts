import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { OpenContent } from "../transport/destination.ts";
import { expectDigest } from "./answered-digest.ts";
import { protocolError } from "./faults.ts";
import { hasBlob } from "./head-blob.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { Retries, type TransientFault } from "./retry.ts";
import type { RegistrySession } from "./session.ts";
import { denied, statusFault } from "./status.ts";
import { receivedBytes, requestTooLarge, uploadLost } from "./upload-answer.ts";
import { UploadContent } from "./upload-content.ts";

/** Bytes sent for the first time after which earlier faults of an upload no longer count. */
const PROGRESS_BYTES = 1024 * 1024;
/** Longest that an upload which failed may take to be deleted. */
const DISCARD_MS = 2000;
/** Refusals that another address or another way may get past. */
const REFUSALS: ReadonlySet<number> = new Set([400, 403, 404, 405, 501]);

/** How a blob is brought to a registry. */
export interface UploadOptions {
  /** Another repository of the registry that may have the blob. */
  readonly mountFrom?: string | undefined;
  /** Most bytes of one request. A registry that wants larger chunks gets them. */
  readonly chunkBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings a blob to a repository (distribution-spec, "Pushing blobs"). It goes in one `PUT` when it fits into one chunk, else in
 * `PATCH`es. After a fault the registry says how far it got and the rest is sent; a registry that forgot the upload gets a new one.
 * An upload that fails for good is deleted.
 *
 * @returns whether it was sent, rather than mounted. @throws OciError `BLOB_MISMATCH`, `REGISTRY_DENIED` and others
 */
export async function uploadBlob(
  session: RegistrySession,
  descriptor: ContentDescriptor,
  open: OpenContent,
  options: UploadOptions,
): Promise<boolean> {
  const upload = new BlobUpload(session, descriptor, open, options);
  try {
    return await upload.run();
  } catch (error) {
    await upload.discard();
    throw error;
  }
}

class BlobUpload {
  readonly #session: RegistrySession;
  readonly #descriptor: ContentDescriptor;
  readonly #content: UploadContent;
  readonly #signal: AbortSignal | undefined;
  #chunkBytes: number;
  #mountFrom: string | undefined;
  /** Where the next request goes; `undefined` before the upload begins and when the registry forgot it. */
  #location: URL | undefined;
  /** Bytes that the registry has. */
  #offset = 0;
  /** A request broke off: the registry may have more than `#offset`. */
  #unsure = false;

  constructor(session: RegistrySession, descriptor: ContentDescriptor, open: OpenContent, options: UploadOptions) {
    this.#session = session;
    this.#descriptor = descriptor;
    this.#content = new UploadContent(descriptor, open);
    this.#signal = options.signal;
    this.#chunkBytes = options.chunkBytes;
    this.#mountFrom = options.mountFrom;
  }

  async run(): Promise<boolean> {
    const retries = new Retries(this.#session.retry);
    let counted = 0;
    for (;;) {
      try {
        if (this.#unsure && (await this.#learnProgress())) return true;
        if (this.#location === undefined && (await this.#begin())) return false;
        await this.#sendRest();
        return true;
      } catch (error) {
        this.#signal?.throwIfAborted();
        this.#unsure = this.#location !== undefined;
        if (this.#content.sent - counted >= PROGRESS_BYTES) {
          retries.reset();
          counted = this.#content.sent;
        }
        await retries.afterFailure(error, this.#signal);
      }
    }
  }

  /** Ends the upload, as far as the registry lets it be ended: it forgets those that stay after some days itself. */
  async discard(): Promise<void> {
    const path = this.#location;
    this.#forget();
    if (path === undefined) return;
    try {
      const signal = AbortSignal.timeout(DISCARD_MS);
      await using _answer = await this.#session.send({ method: "DELETE", path, signal });
    } catch {
      // What made the upload fail is what the caller wants to know.
    }
  }

  /** @returns whether the blob was mounted and no upload is needed. */
  async #begin(): Promise<boolean> {
    const { name } = this.#session;
    const from = this.#mountFrom;
    await using answer = (from === undefined ? undefined : await this.#askForMount(from)) ?? (await this.#post(""));
    if (answer.status === 201 && from !== undefined) {
      expectDigest(answer, this.#descriptor.digest);
      return true;
    }
    if (answer.status === 404) throw denied(name, answer.url.host, "it has no such repository");
    if (answer.status !== 202) throw await this.#fault(answer);
    this.#mountFrom = undefined;
    this.#locate(answer);
    this.#offset = 0;
    if (this.#location === undefined) throw protocolError(`${answer.url.host} began an upload without a Location`);
    const minimum = Number(answer.header("oci-chunk-min-length") ?? 0);
    if (Number.isSafeInteger(minimum)) this.#chunkBytes = Math.max(this.#chunkBytes, minimum);
    return false;
  }

  /** `undefined` when the registry refuses to mount, or even to let the other repository be read. */
  async #askForMount(from: string): Promise<HttpAnswer | undefined> {
    const query = `?mount=${encodeURIComponent(this.#descriptor.digest)}&from=${encodeURIComponent(from)}`;
    try {
      const answer = await this.#post(query);
      if (!REFUSALS.has(answer.status)) return answer;
      await answer[Symbol.asyncDispose]();
    } catch (error) {
      if (!(error instanceof OciError) || error.code !== "REGISTRY_DENIED") throw error;
    }
    this.#mountFrom = undefined;
    return undefined;
  }

  #post(query: string): Promise<HttpAnswer> {
    const headers = { "content-length": "0" };
    return this.#session.send({ method: "POST", path: `blobs/uploads/${query}`, headers, signal: this.#signal });
  }

  async #sendRest(): Promise<void> {
    const { size } = this.#descriptor;
    if (this.#offset === 0 && size <= this.#chunkBytes) return this.#finish(0);
    while (this.#offset < size) await this.#sendChunk();
    return this.#finish(size);
  }

  async #sendChunk(): Promise<void> {
    const start = this.#offset;
    const end = Math.min(this.#descriptor.size, start + this.#chunkBytes);
    const headers = { "content-range": `${start}-${end - 1}` };
    await using answer = await this.#send("PATCH", "", start, end, headers);
    if (answer.status < 200 || answer.status > 204) throw await this.#fault(answer);
    this.#locate(answer);
    const received = receivedBytes(answer, end) ?? end;
    if (received < end) throw uploadLost(answer, this.#descriptor.digest, "did not keep all that it was sent");
    this.#offset = end;
  }

  /** The last request, with whatever is left of the content. */
  async #finish(start: number): Promise<void> {
    const { digest, size } = this.#descriptor;
    const query = `digest=${encodeURIComponent(digest)}`;
    await using answer = await this.#send("PUT", query, start, size, {});
    if (answer.status !== 201 && answer.status !== 204) throw await this.#fault(answer);
    // There is nothing to delete any more, whatever else is wrong with the answer.
    this.#forget();
    expectDigest(answer, digest);
  }

  #send(
    method: "PATCH" | "PUT",
    query: string,
    start: number,
    end: number,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer> {
    // Every request before this one has made sure of the location.
    const path = new URL(this.#location as URL);
    // The rest of the query is the registry's own and goes back as it came.
    if (query !== "") path.search = path.search === "" ? query : `${path.search}&${query}`;
    const length = { "content-type": "application/octet-stream", "content-length": String(end - start) };
    const body = start === end ? new Uint8Array() : () => this.#content.read(start, end);
    return this.#session.send({ method, path, headers: { ...length, ...headers }, body, signal: this.#signal });
  }

  /** @returns whether the registry has the whole blob. */
  async #learnProgress(): Promise<boolean> {
    const path = this.#location as URL;
    await using answer = await this.#session.send({ method: "GET", path, signal: this.#signal });
    if (answer.status === 404) {
      // Either it is forgotten, or it ended and the answer that said so was lost.
      this.#forget();
      return hasBlob(this.#session, this.#descriptor, this.#signal);
    }
    if (answer.status !== 200 && answer.status !== 204) {
      if (!REFUSALS.has(answer.status)) throw await this.#fault(answer);
      await this.discard();
      return false;
    }
    this.#locate(answer);
    const received = receivedBytes(answer, this.#content.sent) ?? 0;
    // `0-0` may stand for no byte and for one: neither is worth going on from.
    if (received <= 1) await this.discard();
    else this.#offset = received;
    this.#unsure = false;
    return false;
  }

  #locate(answer: HttpAnswer): void {
    const location = answer.header("location");
    if (location !== undefined && URL.canParse(location, answer.url.href))
      this.#location = new URL(location, answer.url);
  }

  #forget(): void {
    this.#location = undefined;
    this.#offset = 0;
    this.#unsure = false;
  }

  async #fault(answer: HttpAnswer): Promise<TransientFault | OciError> {
    const { status } = answer;
    const { digest } = this.#descriptor;
    if (this.#location !== undefined && (status === 404 || status === 416)) {
      // A range that does not fit shows that the registry lost count: only a new upload is safe.
      if (status === 404) this.#forget();
      else await this.discard();
      return uploadLost(answer, digest, "forgot an upload");
    }
    if (status === 413) return requestTooLarge(answer, digest);
    return statusFault(answer, { what: `an upload of ${digest} to ${this.#session.name}`, notFound: "BLOB_NOT_FOUND" });
  }
}
