import type { Digest } from "@a3s/core";

interface SignedEvidence {
  /** The manifest or index that is signed: the one that the name stands for, or that of the platform. */
  readonly digest: Digest;
  readonly format: "simple-signing" | "sigstore-bundle";
  /** What the signer says that the image is called; `undefined` when the signature does not say it. */
  readonly reference?: string;
}

/** Why an image was let in. Plain data. */
export type SignatureEvidence =
  | { readonly policy: "skip" }
  /** `keyFingerprint` is the SHA-256 of the key's SPKI in DER. */
  | (SignedEvidence & { readonly policy: "key"; readonly keyFingerprint: Digest })
  | (SignedEvidence & { readonly policy: "keyless"; readonly issuer: string; readonly identity: string });
