import { type KeyObject, sign } from "node:crypto";
import type { Digest } from "@a3s/core";
import type { ArtifactLayer } from "./memory-transport.ts";

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
