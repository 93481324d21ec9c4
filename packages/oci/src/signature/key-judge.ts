import { SignatureRejected } from "./faults.ts";
import type { Judge } from "./judge.ts";
import { isSignedBy, type PolicyKey } from "./public-key.ts";
import { bundledStatement, checkSubject, parseBundle, SIGN_PREDICATE } from "./sigstore-bundle.ts";
import { checkClaims } from "./simple-signing.ts";

/** Accepts what one of the keys has signed. The key is all there is to trust: log entries in a bundle are not looked at. */
export function judgeByKey(keys: readonly PolicyKey[]): Judge {
  const signer = (data: Uint8Array, signature: Uint8Array): PolicyKey => {
    const key = keys.find((candidate) => isSignedBy(candidate, data, signature));
    if (key === undefined) throw new SignatureRejected("It was made by none of the policy's keys, or altered");
    return key;
  };
  return async (found, claims) => {
    const { digest, format } = found;
    if (found.format === "simple-signing") {
      const { fingerprint } = signer(found.payload, found.signature);
      const reference = checkClaims(found.payload, claims);
      return { policy: "key", digest, format, keyFingerprint: fingerprint, ...(reference === "" ? {} : { reference }) };
    }
    const bundle = await parseBundle(found.bundle);
    if (bundle.verificationMaterial.content.$case !== "publicKey") return undefined;
    const statement = bundledStatement(bundle);
    if (statement?.predicateType !== SIGN_PREDICATE) return undefined;
    const { fingerprint } = signer(statement.signedBytes, statement.signature);
    checkSubject(statement, claims);
    return { policy: "key", digest, format, keyFingerprint: fingerprint };
  };
}
