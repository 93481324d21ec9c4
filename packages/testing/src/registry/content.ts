import type { Digest } from "@a3s/core";
import type { TestContent } from "../image/blob.ts";

/** A manifest or an index, and the type it goes by. */
export interface RegistryManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** The parts of a manifest that a registry looks at. */
export interface ManifestFields {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly subject?: { readonly digest?: string };
  readonly config?: { readonly digest?: string; readonly mediaType?: string };
  readonly layers?: readonly { readonly digest?: string; readonly urls?: readonly string[] }[];
  readonly manifests?: readonly { readonly digest?: string }[];
}

/** Repository -> tag -> image or index. */
export type Repositories = Readonly<Record<string, Readonly<Record<string, TestContent>>>>;

/** Larger blobs are no manifests. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

interface Pushed {
  readonly blobs: Map<string, Uint8Array>;
  readonly manifests: Map<string, RegistryManifest>;
  readonly tags: Map<string, string>;
}

/** What a test registry holds: what it was started with, which may change under it, and over that what was pushed. */
export class RegistryContent {
  readonly #given: Repositories;
  readonly #pushed = new Map<string, Pushed>();

  constructor(given: Repositories) {
    this.#given = given;
  }

  has(repository: string): boolean {
    return this.#pushed.has(repository) || repository in this.#given;
  }

  blob(repository: string, digest: string): Uint8Array | undefined {
    return this.#pushed.get(repository)?.blobs.get(digest) ?? this.#givenBlob(repository, digest);
  }

  /** By tag or digest. */
  manifest(repository: string, reference: string): RegistryManifest | undefined {
    const pushed = this.#pushed.get(repository);
    const given = this.#given[repository]?.[reference];
    const digest = pushed?.tags.get(reference) ?? given?.descriptor.digest ?? reference;
    const bytes = this.#givenBlob(repository, digest);
    return pushed?.manifests.get(digest) ?? (bytes === undefined ? undefined : asManifest(digest as Digest, bytes));
  }

  tags(repository: string): readonly string[] {
    const pushed = this.#pushed.get(repository)?.tags.keys() ?? [];
    return [...new Set([...Object.keys(this.#given[repository] ?? {}), ...pushed])];
  }

  /** Every manifest of a repository, tagged or not. */
  manifests(repository: string): readonly RegistryManifest[] {
    const given = Object.values(this.#given[repository] ?? {}).flatMap(({ blobs }) => [...blobs]);
    const manifests = given.map(([digest, bytes]) => asManifest(digest, bytes)).filter((found) => found !== undefined);
    const pushed = this.#pushed.get(repository)?.manifests.values() ?? [];
    return [...new Map([...manifests, ...pushed].map((manifest) => [manifest.digest, manifest])).values()];
  }

  putBlob(repository: string, digest: string, bytes: Uint8Array): void {
    this.#repository(repository).blobs.set(digest, bytes);
  }

  putManifest(repository: string, manifest: RegistryManifest, tag: string | undefined): void {
    const { manifests, tags } = this.#repository(repository);
    manifests.set(manifest.digest, manifest);
    if (tag !== undefined) tags.set(tag, manifest.digest);
  }

  #repository(name: string): Pushed {
    const found = this.#pushed.get(name) ?? { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.#pushed.set(name, found);
    return found;
  }

  #givenBlob(repository: string, digest: string): Uint8Array | undefined {
    const contents = Object.values(this.#given[repository] ?? {});
    return contents.map(({ blobs }) => blobs.get(digest as Digest)).find((bytes) => bytes !== undefined);
  }
}

/** Reads a manifest; `undefined` when the bytes are none, as those of a layer. */
export function parseFields(bytes: Uint8Array): ManifestFields | undefined {
  if (bytes.length > MAX_MANIFEST_BYTES) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    const isManifest = typeof value === "object" && value !== null && "schemaVersion" in value;
    return isManifest ? (value as ManifestFields) : undefined;
  } catch {
    return undefined;
  }
}

function asManifest(digest: Digest, bytes: Uint8Array): RegistryManifest | undefined {
  const fields = parseFields(bytes);
  if (fields === undefined) return undefined;
  return { mediaType: fields.mediaType ?? "application/vnd.oci.image.manifest.v1+json", digest, bytes };
}
