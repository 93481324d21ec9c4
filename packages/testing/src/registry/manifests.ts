import { digestParts, isDigest } from "@a3s/core";
import { digestOf } from "../image/blob.ts";
import { type Answer, empty, failure, json } from "./answer.ts";
import { type ManifestFields, parseFields, type RegistryContent, type RegistryManifest } from "./content.ts";
import type { Route } from "./route.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";

export function getManifest(content: RegistryContent, { repository, reference }: Route): Answer {
  const manifest = content.manifest(repository, reference);
  if (manifest === undefined) return failure(404, content.has(repository) ? "MANIFEST_UNKNOWN" : "NAME_UNKNOWN");
  const headers = { "content-type": manifest.mediaType, "docker-content-digest": manifest.digest };
  return { status: 200, headers, body: manifest.bytes };
}

/** Takes a manifest whose parts are all there (distribution-spec, "Pushing manifests"). */
export function putManifest(
  content: RegistryContent,
  { repository, reference }: Route,
  sent: { readonly bytes: Uint8Array; readonly mediaType: string | undefined; readonly referrers: boolean },
): Answer {
  const { bytes, mediaType, referrers } = sent;
  const fields = parseFields(bytes);
  if (fields === undefined || mediaType === undefined || (fields.mediaType ?? mediaType) !== mediaType) {
    return failure(400, "MANIFEST_INVALID");
  }
  const byDigest = isDigest(reference);
  const digest = digestOf(bytes, byDigest ? digestParts(reference).algorithm : "sha256");
  if (byDigest && digest !== reference) return failure(400, "DIGEST_INVALID");
  if (!hasParts(content, repository, fields)) return failure(400, "MANIFEST_BLOB_UNKNOWN");
  content.putManifest(repository, { mediaType, digest, bytes }, byDigest ? undefined : reference);
  const subject = referrers ? fields.subject?.digest : undefined;
  return empty(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(subject === undefined ? {} : { "oci-subject": subject }),
  });
}

/** The manifests whose subject is the digest (distribution-spec, "Listing referrers"). */
export function listReferrers(content: RegistryContent, { repository, reference, query }: Route): Answer {
  const wanted = query.get("artifactType");
  const manifests = content
    .manifests(repository)
    .flatMap((manifest) => referrer(manifest, reference))
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const filtered: Readonly<Record<string, string>> = wanted === null ? {} : { "oci-filters-applied": "artifactType" };
  return json({ schemaVersion: 2, mediaType: INDEX, manifests }, { "content-type": INDEX, ...filtered });
}

function referrer({ mediaType, digest, bytes }: RegistryManifest, subject: string) {
  const fields = parseFields(bytes);
  if (fields?.subject?.digest !== subject) return [];
  const { artifactType = fields.config?.mediaType, annotations } = fields;
  return [{ mediaType, digest, size: bytes.length, artifactType, annotations }];
}

/** Layers that have addresses of their own need not be there. */
function hasParts(content: RegistryContent, repository: string, fields: ManifestFields): boolean {
  const { config, layers = [], manifests = [] } = fields;
  const blobs = [...(config === undefined ? [] : [config]), ...layers.filter(({ urls }) => urls === undefined)];
  return (
    blobs.every(({ digest = "" }) => content.blob(repository, digest) !== undefined) &&
    manifests.every(({ digest = "" }) => content.manifest(repository, digest) !== undefined)
  );
}
