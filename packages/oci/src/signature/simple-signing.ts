import type { Digest } from "@a3s/core";
import * as v from "valibot";
import { parseJsonDocument, parseShape } from "../manifest/json-document.ts";
import { quoted, SignatureRejected } from "./faults.ts";
import { repositoryOf } from "./signature-policy.ts";

/** Most bytes of a payload. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;

/** Everything in `critical` has to be understood, so a field that is not known makes a signature worthless. */
const payloadSchema = v.looseObject({
  critical: v.strictObject({
    identity: v.strictObject({ "docker-reference": v.optional(v.string(), "") }),
    image: v.strictObject({ "docker-manifest-digest": v.string() }),
    type: v.literal("cosign container image signature"),
  }),
});

/** What a signature has to say. */
export interface ExpectedClaims {
  readonly digest: Digest;
  /** As in `docker.io/library/redis`; `undefined` when the image comes from a file. */
  readonly repository: string | undefined;
  /** Whether a signature that names no repository is refused. */
  readonly repositoryRequired: boolean;
}

/**
 * Reads a payload whose signature has been verified and compares what it says: the kind of signature, the image's digest, the
 * repository. The tag is not compared; a signature says what an image is, not which name it has today.
 *
 * @returns the reference that the signer claims, or `""`
 * @throws SignatureRejected, OciError `MANIFEST_INVALID`
 */
export function checkClaims(payload: Uint8Array, expected: ExpectedClaims): string {
  const what = "the signed payload";
  const value = parseJsonDocument({ bytes: payload, what, maxBytes: MAX_PAYLOAD_BYTES });
  const { identity, image } = parseShape(payloadSchema, value, what).critical;
  const digest = image["docker-manifest-digest"];
  if (digest !== expected.digest) {
    throw new SignatureRejected(`It signs ${quoted(digest)}, not ${expected.digest}`);
  }
  const reference = identity["docker-reference"];
  const fault = repositoryFault(reference, expected);
  if (fault !== undefined) throw new SignatureRejected(fault);
  return reference;
}

/** Why what a signature says about its repository is not enough. */
export function repositoryFault(claimed: string, expected: ExpectedClaims): string | undefined {
  const { repository, repositoryRequired } = expected;
  if (claimed === "") return repositoryRequired ? `It names no repository, not ${repository}` : undefined;
  if (repository === undefined) {
    return `It is for ${quoted(claimed)}, and an image out of a file has no repository to compare with; set repository in the policy`;
  }
  try {
    return repositoryOf(claimed) === repository ? undefined : `It is for ${quoted(claimed)}, not for ${repository}`;
  } catch {
    return `It is for ${quoted(claimed)}, which is no image reference`;
  }
}
