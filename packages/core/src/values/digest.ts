import { CoreError } from "../errors/core-error.ts";

/** A content digest as image-spec descriptor.md registers it: `sha256:` + 64 or `sha512:` + 128 lower-case hex digits. */
export type Digest = `${DigestAlgorithm}:${string}`;
export type DigestAlgorithm = "sha256" | "sha512";

const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** Whether `value` is a well-formed digest of a registered algorithm. Such a value holds no path separator and no dot. */
export function isDigest(value: unknown): value is Digest {
  if (typeof value !== "string") return false;
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(value);
  return match !== null && match[2]?.length === HEX_LENGTH[match[1] as DigestAlgorithm];
}

/** @throws {@link CoreError} `DIGEST_INVALID` */
export function parseDigest(value: string): Digest {
  if (isDigest(value)) return value;
  throw new CoreError({
    code: "DIGEST_INVALID",
    message: `${JSON.stringify(value.slice(0, 160))} is not a digest`,
    hint: "A digest is sha256: and 64, or sha512: and 128, lower-case hexadecimal digits.",
  });
}

/** The two parts of a digest, as they name a blob file in an OCI image layout. */
export function digestParts(digest: Digest): { readonly algorithm: DigestAlgorithm; readonly hex: string } {
  const [algorithm, hex] = parseDigest(digest).split(":") as [DigestAlgorithm, string];
  return { algorithm, hex };
}
