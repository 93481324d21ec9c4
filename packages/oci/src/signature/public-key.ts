import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Digest } from "@a3s/core";
import { contentDigest } from "../content/content-digest.ts";
import { policyInvalid } from "./faults.ts";

const MIN_RSA_BITS = 2048;
/** One PEM block and nothing else: node:crypto would take the first of several, and make a public key of a private one. */
const ONE_PUBLIC_KEY = /^\s*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*$/;

/** A public key that a policy trusts. */
export interface PolicyKey {
  readonly key: KeyObject;
  /** Of its SPKI in DER: what `openssl pkey -pubin -outform DER | sha256sum` shows. */
  readonly fingerprint: Digest;
  /** What a signature may be made over. cosign hashed with SHA-256 for every curve before it followed the size of the curve. */
  readonly hashes: readonly (string | null)[];
}

/** @throws OciError `SIGNATURE_POLICY_INVALID` */
export function parsePublicKey(pem: string): PolicyKey {
  const key = readKey(pem);
  const hashes = hashesFor(key);
  if (hashes === undefined) {
    const kind = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyDetails?.modulusLength ?? "";
    throw policyInvalid(
      `a public key is of the kind ${`${key.asymmetricKeyType} ${kind}`.trim()}, which signs no images`,
      `Use ECDSA over P-256, P-384 or P-521, Ed25519, or RSA of at least ${MIN_RSA_BITS} bits.`,
    );
  }
  return { key, fingerprint: contentDigest(key.export({ type: "spki", format: "der" }), "sha256"), hashes };
}

/** Whether the key made the signature: ECDSA in DER, RSA by PKCS #1 v1.5, Ed25519. */
export function isSignedBy({ key, hashes }: PolicyKey, data: Uint8Array, signature: Uint8Array): boolean {
  return hashes.some((hash) => verify(hash, data, key, signature));
}

function readKey(pem: string): KeyObject {
  const hint = "Give each key as its own PEM text, -----BEGIN PUBLIC KEY-----.";
  if (typeof pem !== "string" || !ONE_PUBLIC_KEY.test(pem)) {
    throw policyInvalid("a public key is not one PEM block", hint);
  }
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw policyInvalid("a public key cannot be read", hint, cause);
  }
}

function hashesFor({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): PolicyKey["hashes"] | undefined {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails;
  if (asymmetricKeyType === "ed25519") return [null];
  if (asymmetricKeyType === "rsa") return modulusLength < MIN_RSA_BITS ? undefined : ["sha256"];
  if (namedCurve === "prime256v1") return ["sha256"];
  if (namedCurve === "secp384r1") return ["sha256", "sha384"];
  return namedCurve === "secp521r1" ? ["sha256", "sha512"] : undefined;
}
