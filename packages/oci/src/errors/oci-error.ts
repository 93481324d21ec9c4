import { BoxError, type BoxErrorOptions } from "@a3s/core";

/** Codes of errors that @a3s/oci raises. */
export type OciErrorCode =
  /** An image reference breaks the grammar; `details` names the offending part and where it starts. */
  | "REFERENCE_INVALID"
  /** The registry did not answer, broke off or kept failing until all retries were used up. */
  | "REGISTRY_UNREACHABLE"
  /** The registry asks for credentials, refuses the ones given, or hides a repository that does not exist. */
  | "REGISTRY_DENIED"
  /** The registry limits the rate of requests and still did after all retries. */
  | "REGISTRY_RATE_LIMITED"
  /** The registry answered something that the distribution specification does not allow. */
  | "REGISTRY_PROTOCOL"
  /** The source has no image of that name, tag or digest. */
  | "IMAGE_NOT_FOUND"
  /** A manifest refers to a blob that the source does not have. */
  | "BLOB_NOT_FOUND"
  /** A manifest, index or image configuration breaks its format or exceeds a bound. */
  | "MANIFEST_INVALID"
  /** A manifest is well-formed but is not a container image that can be run, for example an artifact. */
  | "MANIFEST_UNSUPPORTED"
  /** The image exists but not for the platform that was asked for. */
  | "PLATFORM_NOT_FOUND"
  /** Content differs in size or digest from its descriptor. */
  | "BLOB_MISMATCH"
  /** A directory given as image source is not a readable OCI image layout. */
  | "LAYOUT_INVALID"
  /** A file given as image source is not a tar archive of images, or exceeds a bound. */
  | "ARCHIVE_INVALID"
  /** A file cannot be written: permissions, a full disk, a file in the way. */
  | "DESTINATION_INACCESSIBLE"
  /** A registry setting is contradictory or malformed: a mirror, a certificate, a proxy address. */
  | "REGISTRY_OPTIONS_INVALID"
  /** Stored credentials cannot be read: a malformed configuration file, a credential helper that fails. */
  | "CREDENTIALS_UNAVAILABLE"
  /** The signature policy asks for a signature and the image has none of the kind it names. */
  | "SIGNATURE_MISSING"
  /** The image has signatures, but none satisfies the policy. */
  | "SIGNATURE_INVALID"
  /** The signature policy cannot be evaluated: a malformed key, no trusted root; nothing is pulled. */
  | "SIGNATURE_POLICY_INVALID"
  /** A file of the image store is damaged; the message names it. */
  | "STORE_CORRUPT"
  /** The image store cannot be read or written: permissions, a full disk, a file in the way. */
  | "STORE_INACCESSIBLE";

/** Most characters of a message: names that registries and archives give may be long, and many. */
const MAX_MESSAGE_LENGTH = 4000;
/** Control characters, and those that change the direction or the lines of a text. */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * An error of @a3s/oci; see {@link OciErrorCode}. Its message and hint are one line each that a terminal can be shown: whatever a
 * registry or an archive made them quote, unprintable characters are spaces. `details` are as they came.
 */
export class OciError extends BoxError<OciErrorCode> {
  static override readonly errorName: string = "OciError";

  constructor(options: BoxErrorOptions<OciErrorCode>) {
    const { message, hint } = options;
    super({ ...options, message: printable(message), ...(hint === undefined ? {} : { hint: printable(hint) }) });
  }
}

function printable(text: string): string {
  const shown = text.length > MAX_MESSAGE_LENGTH ? `${text.slice(0, MAX_MESSAGE_LENGTH)}…` : text;
  return shown.replace(UNPRINTABLE, " ");
}
