import { type KeyObject, sign } from "node:crypto";
import type { Digest } from "@a3s/core";
import type { ArtifactLayer } from "./artifact.ts";

/** What a signature in the simple signing format is made of, and how it is spoilt. */
export interface SimpleSignature {
  readonly privateKey: KeyObject;
  readonly digest: Digest;
  readonly reference?: string;
  /** `null` for Ed25519; SHA-256 by default. */
  readonly hash?: string | null;
  /** Put over the fields of `critical`. */
  readonly critical?: Readonly<Record<string, unknown>>;
  /** Signed in place of the usual document. */
  readonly payload?: string;
  /** Changes the payload after it has been signed. */
  readonly alter?: (payload: string) => string;
  /** Changes the signature in base64. */
  readonly spoil?: (signature: string) => string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly descriptor?: ArtifactLayer["descriptor"];
}

/** Where cosign puts the signatures of a digest. */
export function signatureTag(digest: Digest): string {
  return `${digest.replace(":", "-")}.sig`;
}

/** A signature as cosign writes it (SIGNATURE_SPEC.md): a layer of the manifest under {@link signatureTag}. */
export function simpleSignature(options: SimpleSignature): ArtifactLayer {
  const { privateKey, digest, reference = "", hash = "sha256", critical, alter, spoil, annotations } = options;
  const document = {
    critical: {
      identity: { "docker-reference": reference },
      image: { "docker-manifest-digest": digest },
      type: "cosign container image signature",
      ...critical,
    },
    optional: { creator: "test" },
  };
  const payload = options.payload ?? JSON.stringify(document);
  const signature = sign(hash, Buffer.from(payload), privateKey).toString("base64");
  return {
    mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
    bytes: Buffer.from(alter?.(payload) ?? payload),
    annotations: { "dev.cosignproject.cosign/signature": spoil?.(signature) ?? signature, ...annotations },
    ...(options.descriptor && { descriptor: options.descriptor }),
  };
}

/** A signature as cosign 3 writes it with a key: a bundle with a statement in a DSSE envelope, as JSON. */
export function keyBundle(options: Pick<SimpleSignature, "privateKey" | "hash"> & { readonly statement: unknown }) {
  const { privateKey, hash = "sha256", statement } = options;
  const payloadType = "application/vnd.in-toto+json";
  const payload = Buffer.from(JSON.stringify(statement));
  const signed = Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${payload}`);
  const sig = sign(hash, signed, privateKey).toString("base64");
  return {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "a hint that helps nobody" }, tlogEntries: [] },
    dsseEnvelope: { payload: payload.toString("base64"), payloadType, signatures: [{ sig }] },
  };
}

/** The statement of a cosign signature. */
export function signStatementOf(digest: Digest, more: Readonly<Record<string, unknown>> = {}): unknown {
  const [algorithm = "", hex] = digest.split(":");
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { [algorithm]: hex }, annotations: {} }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
    predicate: {},
    ...more,
  };
}
