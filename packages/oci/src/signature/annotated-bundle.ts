import { createHash, X509Certificate } from "node:crypto";
import * as v from "valibot";
import { parseShape } from "../manifest/json-document.ts";
import { SignatureRejected } from "./faults.ts";
import type { FoundSignature } from "./find-signatures.ts";

const PREFIX = "dev.sigstore.cosign";
const MAX_ANNOTATION_LENGTH = 64 * 1024;

/** What Rekor answered when the signature was entered, as cosign keeps it. */
const logEntrySchema = v.object({
  SignedEntryTimestamp: v.string(),
  Payload: v.object({
    /** The entry in base64. */
    body: v.string(),
    /** Seconds since 1970. */
    integratedTime: v.pipe(v.number(), v.safeInteger()),
    logIndex: v.pipe(v.number(), v.safeInteger()),
    logID: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  }),
});

/**
 * The annotations of a keyless signature in the simple signing format (cosign SIGNATURE_SPEC.md, `certificate` and `bundle`) as the
 * sigstore bundle that they amount to, in JSON. The chain beside the certificate is left out: only trusted CAs count.
 *
 * @returns `undefined` when it has no certificate, so was made with a key.
 * @throws SignatureRejected, OciError `MANIFEST_INVALID`
 */
export function legacyBundle(found: Extract<FoundSignature, { readonly format: "simple-signing" }>): unknown {
  const certificate = found.annotations[`${PREFIX}/certificate`];
  if (certificate === undefined) return undefined;
  const entry = found.annotations[`${PREFIX}/bundle`];
  if (entry === undefined) throw new SignatureRejected("It has no entry of the transparency log");
  if (certificate.length > MAX_ANNOTATION_LENGTH || entry.length > MAX_ANNOTATION_LENGTH) {
    throw new SignatureRejected(`Its certificate or log entry has more than ${MAX_ANNOTATION_LENGTH} characters`);
  }
  return {
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: certificateBytes(certificate) }] },
      tlogEntries: [logEntry(entry)],
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: createHash("sha256").update(found.payload).digest("base64") },
      signature: Buffer.from(found.signature).toString("base64"),
    },
  };
}

function certificateBytes(pem: string): string {
  try {
    return new X509Certificate(pem).raw.toString("base64");
  } catch {
    throw new SignatureRejected("Its certificate cannot be read");
  }
}

function logEntry(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SignatureRejected("Its log entry is not JSON");
  }
  const { SignedEntryTimestamp, Payload } = parseShape(logEntrySchema, value, "the log entry of the signature");
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, "hex").toString("base64") },
    // Compared with the entry itself by the library.
    kindVersion: { kind: "hashedrekord", version: "0.0.1" },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}
