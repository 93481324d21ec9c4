import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import type { Reference } from "../reference/reference.ts";
import type { ImageTransport } from "../transport/transport.ts";
import type { SignatureEvidence } from "./evidence.ts";
import { rejectionReason } from "./faults.ts";
import { findSignatures } from "./find-signatures.ts";
import type { Judge } from "./judge.ts";
import { judgeByKey } from "./key-judge.ts";
import { judgeKeyless } from "./keyless-judge.ts";
import { type PreparedPolicy, preparePolicy, type SignaturePolicy } from "./signature-policy.ts";
import { loadTrustMaterial } from "./trusted-root.ts";

/** The image that a policy is to let in. */
export interface SignatureSubject {
  readonly transport: ImageTransport;
  /** What the image was asked for by; `undefined` when it comes from a file, which names no repository. */
  readonly reference: Reference | undefined;
  /** Of what the name stands for, and of the platform's manifest: computed from the bytes that will be used. */
  readonly digests: readonly Digest[];
}

/** Options of {@link verifySignature}. */
export interface VerifySignatureCall {
  readonly signal?: AbortSignal | undefined;
  /** Where the public sigstore's trusted root is kept; the sigstore directory in the user's data directory by default. */
  readonly cacheDirectory?: string | undefined;
}

/** Why one signature was not accepted; in the `details` of `SIGNATURE_INVALID`. */
interface RejectedSignature {
  readonly signature: string;
  readonly digest: Digest;
  readonly reason: string;
}

/**
 * Evaluates a policy: one signature of one of the digests has to satisfy it. What is not understood, not reachable or not verified
 * never counts as a signature.
 *
 * @throws {@link OciError} `SIGNATURE_MISSING`, `SIGNATURE_INVALID` with `details.rejected`, `SIGNATURE_POLICY_INVALID`, and what the
 *   transport throws.
 */
export async function verifySignature(
  policy: SignaturePolicy,
  subject: SignatureSubject,
  call: VerifySignatureCall = {},
): Promise<SignatureEvidence> {
  const prepared = preparePolicy(policy);
  if (prepared.type === "skip") return { policy: "skip" };
  const { signal } = call;
  signal?.throwIfAborted();
  const judge = await judgeFor(prepared, call);
  const { transport, reference, digests } = subject;
  const source = reference === undefined ? undefined : `${reference.registry}/${reference.repository}`;
  const claims = {
    repository: prepared.repository ?? source,
    repositoryRequired: prepared.repository !== undefined,
  };
  const rejected: RejectedSignature[] = [];
  let others = 0;
  for (const digest of new Set(digests)) {
    for await (const { name, read } of findSignatures(transport, digest, { signal })) {
      signal?.throwIfAborted();
      try {
        const evidence = await judge(await read(), { ...claims, digest });
        if (evidence !== undefined) return evidence;
        others += 1;
      } catch (error) {
        const reason = rejectionReason(error);
        if (reason === undefined) throw error;
        rejected.push({ signature: name, digest, reason });
      }
    }
  }
  throw rejected.length === 0 ? missing(prepared, subject, others) : invalid(prepared, subject, rejected);
}

type AskingPolicy = Exclude<PreparedPolicy, { readonly type: "skip" }>;

async function judgeFor(policy: AskingPolicy, { signal, cacheDirectory }: VerifySignatureCall): Promise<Judge> {
  if (policy.type === "key") return judgeByKey(policy.keys);
  return judgeKeyless(policy, await loadTrustMaterial(policy.trustedRoot, { cachePath: cacheDirectory, signal }));
}

function missing({ type }: AskingPolicy, { transport, digests }: SignatureSubject, others: number): OciError {
  const seen = others === 0 ? "" : `; it has ${others} of other kinds`;
  return new OciError({
    code: "SIGNATURE_MISSING",
    message: `${transport.description} has no ${type} signature, which the policy asks for${seen}`,
    hint: "Ask the publisher to sign the image, or choose a policy for how it is signed; nothing was pulled.",
    details: { policy: type, digests, others },
  });
}

function invalid(
  { type }: AskingPolicy,
  { transport, digests }: SignatureSubject,
  rejected: readonly RejectedSignature[],
): OciError {
  const [first] = rejected;
  const more = rejected.length === 1 ? "" : `, and ${rejected.length - 1} more`;
  return new OciError({
    code: "SIGNATURE_INVALID",
    message: `No signature of ${transport.description} satisfies the ${type} policy: ${first?.signature}: ${first?.reason}${more}`,
    hint: "Check the key, identity or repository of the policy; if they are right, do not use the image. Nothing was pulled.",
    details: { policy: type, digests, rejected },
  });
}
