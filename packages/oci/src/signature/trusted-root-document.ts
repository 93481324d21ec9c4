import type { toTrustMaterial } from "@sigstore/verify";
import * as v from "valibot";
import { OciError } from "../errors/oci-error.ts";
import { parseShape } from "../manifest/json-document.ts";
import { policyInvalid } from "./faults.ts";

type TrustedRoot = Parameters<typeof toTrustMaterial>[0];
type Log = TrustedRoot["tlogs"][number];
type Authority = TrustedRoot["certificateAuthorities"][number];

/** Numbers of the key types that the library treats apart, PKCS #1 (sigstore_common.proto, PublicKeyDetails); 0 is unspecified. */
const KEY_DETAILS: Readonly<Record<string, number>> = {
  PKCS1_RSA_PKCS1V5: 1,
  PKIX_RSA_PKCS1V5: 3,
  PKIX_RSA_PKCS1V15_2048_SHA256: 9,
  PKIX_RSA_PKCS1V15_3072_SHA256: 10,
  PKIX_RSA_PKCS1V15_4096_SHA256: 11,
};
const SHA2_256 = 1;

const bytes = v.pipe(
  v.string(),
  v.base64(),
  v.nonEmpty(),
  v.transform((text) => Buffer.from(text, "base64")),
);
const time = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform((text) => new Date(text)),
);
const range = v.optional(v.object({ start: v.optional(time), end: v.optional(time) }));

const log = v.object({
  baseUrl: v.optional(v.string(), ""),
  publicKey: v.object({ rawBytes: bytes, keyDetails: v.string(), validFor: range }),
  logId: v.object({ keyId: bytes }),
  checkpointKeyId: v.optional(v.object({ keyId: bytes })),
});

const authority = v.object({
  uri: v.optional(v.string(), ""),
  certChain: v.object({ certificates: v.pipe(v.array(v.object({ rawBytes: bytes })), v.nonEmpty()) }),
  validFor: range,
});

/** sigstore protobuf-specs, sigstore_trustroot.proto, as far as verification needs it. Empty lists may be left out. */
const schema = v.object({
  mediaType: v.pipe(v.string(), v.regex(/^application\/vnd\.dev\.sigstore\.trustedroot[.+]/, "is no trusted root")),
  tlogs: v.pipe(v.array(log), v.nonEmpty()),
  certificateAuthorities: v.pipe(v.array(authority), v.nonEmpty()),
  ctlogs: v.pipe(v.array(log), v.nonEmpty()),
  timestampAuthorities: v.optional(v.array(authority), []),
});

/** Checks a TrustedRoot in JSON strictly and turns it into what the library takes. @throws OciError `SIGNATURE_POLICY_INVALID` */
export function parseTrustedRoot(value: unknown): TrustedRoot {
  const root = parseRoot(value);
  return {
    mediaType: root.mediaType,
    tlogs: root.tlogs.map(toLog),
    certificateAuthorities: root.certificateAuthorities.map(toAuthority),
    ctlogs: root.ctlogs.map(toLog),
    timestampAuthorities: root.timestampAuthorities.map(toAuthority),
  };
}

function parseRoot(value: unknown): v.InferOutput<typeof schema> {
  try {
    return parseShape(schema, value, "the trusted root");
  } catch (cause) {
    if (!(cause instanceof OciError)) throw cause;
    throw policyInvalid(cause.message, "Give a sigstore TrustedRoot in JSON, as trusted_root.json.", cause);
  }
}

function toLog({ baseUrl, publicKey, logId, checkpointKeyId }: v.InferOutput<typeof log>): Log {
  const { rawBytes, keyDetails, validFor } = publicKey;
  return {
    baseUrl,
    hashAlgorithm: SHA2_256,
    publicKey: { rawBytes, keyDetails: KEY_DETAILS[keyDetails] ?? 0, validFor: toRange(validFor) },
    logId,
    checkpointKeyId,
    operator: "",
  };
}

function toAuthority({ uri, certChain, validFor }: v.InferOutput<typeof authority>): Authority {
  return { subject: undefined, uri, certChain, validFor: toRange(validFor), operator: "" };
}

function toRange(validFor: v.InferOutput<typeof range>): Authority["validFor"] {
  return validFor && { start: validFor.start, end: validFor.end };
}
