import type { Digest } from "@a3s/core";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import type { Reference } from "../reference/reference.ts";
import type { ImageDestination, OpenContent, PutManifestCall } from "../transport/destination.ts";
import type { TransportCall } from "../transport/transport.ts";
import { expectDigest } from "./answered-digest.ts";
import { RegistryClient, type RegistryOptions } from "./client.ts";
import { hasBlob } from "./head-blob.ts";
import { optionsInvalid } from "./options-invalid.ts";
import { retrying } from "./retry.ts";
import { RegistrySession } from "./session.ts";
import { denied, statusFault } from "./status.ts";
import { uploadBlob } from "./uploads.ts";

/** How blobs are brought to a registry. */
export interface RegistryDestinationOptions {
  /** Other repositories of the registry that may have a blob, by its digest; none by default. */
  readonly mountFrom?: ReadonlyMap<Digest, string> | undefined;
  /** Most bytes of one request; a blob goes in one by default. */
  readonly chunkBytes?: number | undefined;
}

/**
 * A repository of a registry that images are pushed to, by the distribution specification. Blobs, and manifests without a name, are
 * there at once; names are given with {@link commit}.
 */
export class RegistryDestination implements ImageDestination {
  readonly description: string;
  readonly #client: RegistryClient;
  readonly #session: RegistrySession;
  readonly #mountFrom: ReadonlyMap<Digest, string>;
  readonly #chunkBytes: number;
  readonly #mounted = new Map<Digest, string>();
  readonly #named = new Map<string, TypedManifest>();

  /** @throws OciError `REGISTRY_OPTIONS_INVALID` */
  constructor(
    reference: Pick<Reference, "registry" | "repository">,
    registry: RegistryOptions = {},
    { mountFrom = new Map(), chunkBytes = Number.POSITIVE_INFINITY }: RegistryDestinationOptions = {},
  ) {
    if (!(chunkBytes >= 1)) {
      throw optionsInvalid("chunkBytes", "is not a number of bytes", "Give 1 or more, as in 16 * 1024 * 1024.");
    }
    this.#client = new RegistryClient(registry);
    const readFrom = [...new Set(mountFrom.values())];
    this.#session = new RegistrySession(this.#client, reference, { actions: "pull,push", readFrom });
    this.#mountFrom = mountFrom;
    this.#chunkBytes = Math.floor(chunkBytes);
    this.description = this.#session.name;
  }

  /** Blobs that the registry took over from another repository, and from which. */
  get mounted(): ReadonlyMap<Digest, string> {
    return this.#mounted;
  }

  async putBlob(descriptor: ContentDescriptor, open: OpenContent, { signal }: TransportCall): Promise<boolean> {
    const { digest } = descriptor;
    if (await hasBlob(this.#session, descriptor, signal)) return false;
    const mountFrom = this.#mountFrom.get(digest);
    const chunkBytes = this.#chunkBytes;
    const sent = await uploadBlob(this.#session, descriptor, open, { mountFrom, chunkBytes, signal });
    if (!sent && mountFrom !== undefined) this.#mounted.set(digest, mountFrom);
    return sent;
  }

  async putManifest(manifest: TypedManifest, { name, signal }: PutManifestCall): Promise<void> {
    signal?.throwIfAborted();
    if (name === undefined) await putManifest(this.#session, manifest, manifest.digest, signal);
    else this.#named.set(name, manifest);
  }

  async commit({ signal }: TransportCall): Promise<void> {
    signal?.throwIfAborted();
    for (const [name, manifest] of this.#named) await putManifest(this.#session, manifest, name, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

/** distribution-spec, "Pushing manifests". `reference` is a tag or the digest. */
async function putManifest(
  session: RegistrySession,
  { bytes, digest, mediaType }: TypedManifest,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `${session.name}${reference === digest ? "@" : ":"}${reference}`;
  const request = { method: "PUT", path: `manifests/${reference}`, headers: { "content-type": mediaType } } as const;
  const attempt = async () => {
    await using answer = await session.send({ ...request, body: bytes, signal });
    if (answer.status === 404) throw denied(what, answer.url.host, "it has no such repository");
    if (answer.status < 200 || answer.status > 204)
      throw await statusFault(answer, { what, notFound: "BLOB_NOT_FOUND" });
    expectDigest(answer, digest);
  };
  await retrying(attempt, session.retry, signal);
}
