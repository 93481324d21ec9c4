import { type Digest, type DigestAlgorithm, digestParts, isDigest } from "@a3s/core";
import { contentDigest } from "../content/content-digest.ts";
import { readCapped } from "../content/read-capped.ts";
import { blobMismatch } from "../content/verify-content.ts";
import { MAX_MANIFEST_BYTES, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import { bareMediaType, IMAGE_INDEX_TYPES, IMAGE_MANIFEST_TYPES } from "../manifest/media-type.ts";
import { protocolError } from "./faults.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { retrying } from "./retry.ts";
import type { RegistrySession } from "./session.ts";
import { statusFault } from "./status.ts";

const ACCEPT = [...IMAGE_INDEX_TYPES, ...IMAGE_MANIFEST_TYPES].join(", ");

/** The digest a tag stands for by HEAD, which most registries do not count; `undefined` when the answer does not say it. */
export async function headManifest(
  session: RegistrySession,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<Digest | undefined> {
  return retrying(
    async () => {
      await using answer = await session.send(manifestRequest("HEAD", reference, signal));
      // Some registries know no HEAD here; GET decides then.
      if (answer.status === 405 || answer.status === 501) return undefined;
      await expectManifest(answer, session, reference);
      return headerDigest(answer);
    },
    session.retry,
    signal,
  );
}

/** A manifest by tag or digest, byte for byte. @throws OciError `IMAGE_NOT_FOUND`, `BLOB_MISMATCH` and others */
export async function getManifest(
  session: RegistrySession,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<RawManifest> {
  return retrying(
    async () => {
      await using answer = await session.send(manifestRequest("GET", reference, signal));
      await expectManifest(answer, session, reference);
      const what = `the manifest of ${nameOf(session, reference)}`;
      const length = Number(answer.header("content-length") ?? 0);
      if (length > MAX_MANIFEST_BYTES) throw tooLarge(what, length, MAX_MANIFEST_BYTES);
      const bytes = await readCapped(answer.body(), MAX_MANIFEST_BYTES);
      if (bytes === undefined) throw tooLarge(what, MAX_MANIFEST_BYTES + 1, MAX_MANIFEST_BYTES);
      const expected = isDigest(reference) ? reference : headerDigest(answer);
      const algorithm: DigestAlgorithm = expected === undefined ? "sha256" : digestParts(expected).algorithm;
      const digest = contentDigest(bytes, algorithm);
      if (expected !== undefined && digest !== expected)
        throw blobMismatch(expected, `has the digest ${digest} instead`);
      const contentType = answer.header("content-type");
      return { bytes, digest, ...(contentType === undefined ? {} : { mediaType: bareMediaType(contentType) }) };
    },
    session.retry,
    signal,
  );
}

function manifestRequest(method: "GET" | "HEAD", reference: string, signal: AbortSignal | undefined) {
  return { method, path: `manifests/${reference}`, headers: { accept: ACCEPT }, signal };
}

async function expectManifest(answer: HttpAnswer, session: RegistrySession, reference: string): Promise<void> {
  if (answer.status !== 200) {
    throw await statusFault(answer, { what: nameOf(session, reference), notFound: "IMAGE_NOT_FOUND" });
  }
  if (bareMediaType(answer.header("content-type") ?? "") === "text/html") {
    throw protocolError(`${answer.url.host} answered an HTML page when asked for a manifest`, {
      host: answer.url.host,
    });
  }
}

function headerDigest(answer: HttpAnswer): Digest | undefined {
  const header = answer.header("docker-content-digest");
  return isDigest(header) ? header : undefined;
}

function nameOf(session: RegistrySession, reference: string): string {
  return `${session.name}${isDigest(reference) ? "@" : ":"}${reference}`;
}
