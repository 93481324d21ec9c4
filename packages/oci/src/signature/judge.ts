import type { SignatureEvidence } from "./evidence.ts";
import type { FoundSignature } from "./find-signatures.ts";
import type { ExpectedClaims } from "./simple-signing.ts";

/**
 * Decides about one signature: the evidence when it satisfies the policy, `undefined` when it is not of the policy's kind.
 *
 * @throws SignatureRejected when it is of the kind but does not satisfy the policy.
 */
export type Judge = (found: FoundSignature, claims: ExpectedClaims) => Promise<SignatureEvidence | undefined>;
