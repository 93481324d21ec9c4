import { digestParts } from "@a3s/core";
import type { Bundle } from "@sigstore/bundle";
import * as v from "valibot";
import { parseJsonDocument, parseShape } from "../manifest/json-document.ts";
import { quoted, SignatureRejected } from "./faults.ts";
import { type ExpectedClaims, repositoryFault } from "./simple-signing.ts";

/** Media types of sigstore bundles (sigstore protobuf-specs, sigstore_bundle.proto). */
export const BUNDLE_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json;version=0.3",
  "application/vnd.dev.sigstore.bundle+json;version=0.2",
  "application/vnd.dev.sigstore.bundle+json;version=0.1",
]);
/** Most bytes of a bundle. */
export const MAX_BUNDLE_BYTES = 1024 * 1024;
/** The predicate of a statement that is a signature; statements with others attest how an image was built or what is in it. */
export const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

const STATEMENT_TYPE = "application/vnd.in-toto+json";
/** Most log entries and timestamps of a bundle; real ones have one. */
const MAX_WITNESSES = 16;
const MAX_CHECKPOINT_LENGTH = 16 * 1024;

/** in-toto attestation, statement v1 and v0.1. */
const statementSchema = v.looseObject({
  _type: v.picklist(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  predicateType: v.string(),
  subject: v.array(v.looseObject({ digest: v.record(v.string(), v.string()) })),
});

/** A bundle whose content is a statement in a DSSE envelope. */
export interface BundledStatement {
  readonly bundle: Bundle;
  readonly predicateType: string;
  /** The digests of what it is about, as in-toto writes them: `{ sha256: hex }`. */
  readonly subjects: readonly Readonly<Record<string, string>>[];
  /** What the signature is made over. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** Reads a bundle of any version and bounds what costs time to verify. @throws SignatureRejected */
export async function parseBundle(json: unknown): Promise<Bundle> {
  const { bundleFromJSON } = await import("@sigstore/bundle");
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(json);
  } catch (error) {
    throw new SignatureRejected(`It is no sigstore bundle: ${(error as Error).message.slice(0, 200)}`);
  }
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const witnesses = tlogEntries.length + (timestampVerificationData?.rfc3161Timestamps.length ?? 0);
  if (witnesses > MAX_WITNESSES) throw new SignatureRejected(`It has ${witnesses} log entries and timestamps`);
  for (const { inclusionProof } of tlogEntries) {
    const checkpoint = inclusionProof?.checkpoint?.envelope ?? "";
    if (checkpoint.length > MAX_CHECKPOINT_LENGTH || !hasPlainNames(checkpoint)) {
      throw new SignatureRejected("The checkpoint of its log entry is malformed");
    }
  }
  return bundle;
}

/**
 * The names of a checkpoint's signers (transparency-dev/formats, checkpoint) are host names and paths. The library takes them for
 * regular expressions, and an expression made for it would keep the process busy for ever.
 */
function hasPlainNames(checkpoint: string): boolean {
  return checkpoint.matchAll(/\u2014 (\S+)/g).every(([, name = ""]) => /^[\w./:~-]{1,256}$/.test(name));
}

/** The statement in a bundle; `undefined` when the bundle holds a bare signature of a file instead. @throws SignatureRejected */
export function bundledStatement(bundle: Bundle): BundledStatement | undefined {
  if (bundle.content.$case !== "dsseEnvelope") return undefined;
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
  if (payloadType !== STATEMENT_TYPE) throw new SignatureRejected(`Its payload is of the type ${quoted(payloadType)}`);
  const what = "the statement in the bundle";
  const value = parseJsonDocument({ bytes: payload, what, maxBytes: MAX_BUNDLE_BYTES });
  const { predicateType, subject } = parseShape(statementSchema, value, what);
  return {
    bundle,
    predicateType,
    subjects: subject.map(({ digest }) => digest),
    signedBytes: preAuthEncoding(payloadType, payload),
    // The library has checked that there is exactly one.
    signature: signatures[0]?.sig ?? new Uint8Array(),
  };
}

/** @throws SignatureRejected unless the statement is about the digest. It names no repository. */
export function checkSubject({ subjects }: BundledStatement, expected: ExpectedClaims): void {
  const { algorithm, hex } = digestParts(expected.digest);
  if (!subjects.some((subject) => subject[algorithm] === hex)) {
    throw new SignatureRejected(`It signs ${quoted(subjects[0]?.[algorithm])}, not ${expected.digest}`);
  }
  const fault = repositoryFault("", expected);
  if (fault !== undefined) throw new SignatureRejected(fault);
}

/** DSSE protocol.md: the type and the payload, each with its length before it. */
function preAuthEncoding(type: string, payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}
