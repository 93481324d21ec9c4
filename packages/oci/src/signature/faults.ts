import { OciError } from "../errors/oci-error.ts";

/** Why one signature does not count. It never leaves this folder: the reasons of all signatures end up in one `SIGNATURE_INVALID`. */
export class SignatureRejected extends Error {}

/** Codes of what a source may hold in place of a signature. Anything else, as a refused login, ends the whole check. */
const CONTENT_FAULTS: ReadonlySet<string> = new Set([
  "MANIFEST_INVALID",
  "MANIFEST_UNSUPPORTED",
  "BLOB_MISMATCH",
  "BLOB_NOT_FOUND",
  "IMAGE_NOT_FOUND",
]);

/** A reason may quote what the source sent. */
const MAX_REASON_LENGTH = 500;

/** The reason for which one signature does not count, or `undefined` when the error is about more than that signature. */
export function rejectionReason(error: unknown): string | undefined {
  const rejected = error instanceof SignatureRejected || (error instanceof OciError && CONTENT_FAULTS.has(error.code));
  return rejected ? (error as Error).message.slice(0, MAX_REASON_LENGTH) : undefined;
}

/** Text out of a signature, as it may stand in a message. */
export function quoted(text: string | undefined): string {
  if (text === undefined) return "none";
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

export function policyInvalid(fault: string, hint: string, cause?: unknown): OciError {
  return new OciError({
    code: "SIGNATURE_POLICY_INVALID",
    message: `The signature policy cannot be evaluated: ${fault}`,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
