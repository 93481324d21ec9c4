import { type Digest, digestParts } from "@a3s/core";
import { readVerified } from "../content/verify-content.ts";
import type { Descriptor } from "../manifest/descriptor.ts";
import { parseJsonDocument, tooLarge } from "../manifest/json-document.ts";
import type { RawManifest } from "../manifest/manifest.ts";
import { fromAnyPlace } from "../transport/from-any-place.ts";
import type { ImageTransport, TransportCall } from "../transport/transport.ts";
import { rejectionReason, SignatureRejected } from "./faults.ts";
import { MAX_SIGNATURES, parseSignatureManifest, type SignatureLayer } from "./signature-manifest.ts";
import { BUNDLE_TYPES, MAX_BUNDLE_BYTES, SIGN_PREDICATE } from "./sigstore-bundle.ts";
import { MAX_PAYLOAD_BYTES } from "./simple-signing.ts";

const SIMPLE_SIGNING_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json";
/** Most characters of a signature in base64. */
const MAX_SIGNATURE_LENGTH = 4096;

/** A signature as the source has it; nothing of it has been verified. */
export type FoundSignature =
  | {
      readonly format: "simple-signing";
      /** Of the image that it was found for. */
      readonly digest: Digest;
      readonly payload: Uint8Array;
      readonly signature: Uint8Array;
      /** Where cosign keeps the certificate and the entry of the transparency log. */
      readonly annotations: Readonly<Record<string, string>>;
    }
  | { readonly format: "sigstore-bundle"; readonly digest: Digest; readonly bundle: unknown };

/** Where a signature is. */
export interface SignatureCandidate {
  /** For messages and details, as in `signature 1 in sha256-….sig`. */
  readonly name: string;
  /** @throws SignatureRejected, {@link OciError} of the source */
  read(): Promise<FoundSignature>;
}

/**
 * The signatures of one digest, in the two places where cosign leaves them: the tag `sha256-….sig` beside the image (cosign
 * SIGNATURE_SPEC.md, storage) and, since version 3, bundles among the referrers (distribution-spec, listing referrers). What cannot be
 * read is listed too; reading it says why.
 */
export async function* findSignatures(
  transport: ImageTransport,
  digest: Digest,
  call: TransportCall,
): AsyncGenerator<SignatureCandidate, void, undefined> {
  yield* taggedSignatures(transport, digest, call);
  yield* bundledSignatures(transport, digest, call);
}

async function* taggedSignatures(
  transport: ImageTransport,
  digest: Digest,
  call: TransportCall,
): AsyncGenerator<SignatureCandidate, void, undefined> {
  const { algorithm, hex } = digestParts(digest);
  // A tag has at most 128 characters, which leaves no room for a longer digest.
  if (algorithm !== "sha256") return;
  const tag = `sha256-${hex}.sig`;
  let layers: readonly SignatureLayer[];
  try {
    const manifest = await transport.tagged(tag, call);
    layers = manifest === undefined ? [] : parseSignatureManifest(manifest);
  } catch (error) {
    yield unreadable(tag, error);
    return;
  }
  for (const [position, layer] of layers.entries()) {
    if (layer.mediaType !== SIMPLE_SIGNING_TYPE) continue;
    const name = `signature ${position + 1} in ${tag}`;
    yield { name, read: () => readSimpleSignature(transport, digest, layer, call) };
  }
}

async function readSimpleSignature(
  transport: ImageTransport,
  digest: Digest,
  layer: SignatureLayer,
  call: TransportCall,
): Promise<FoundSignature> {
  const annotations = layer.annotations ?? {};
  const signature = decodeSignature(annotations["dev.cosignproject.cosign/signature"]);
  const payload = await readLayer(transport, layer, MAX_PAYLOAD_BYTES, call);
  return { format: "simple-signing", digest, payload, signature, annotations };
}

function decodeSignature(text: string | undefined): Uint8Array {
  if (text === undefined) throw new SignatureRejected("It has no annotation with a signature");
  if (text.length > MAX_SIGNATURE_LENGTH) {
    throw new SignatureRejected(`The signature has ${text.length} characters, more than ${MAX_SIGNATURE_LENGTH}`);
  }
  const bytes = Buffer.from(text, "base64");
  // Buffer skips what is not base64, and takes what is cut off.
  if (bytes.length === 0 || bytes.toString("base64") !== text) {
    throw new SignatureRejected("The signature is not in base64");
  }
  return bytes;
}

async function* bundledSignatures(
  transport: ImageTransport,
  digest: Digest,
  call: TransportCall,
): AsyncGenerator<SignatureCandidate, void, undefined> {
  const place = `the referrers of ${digest}`;
  let bundles: readonly Descriptor[];
  try {
    bundles = (await transport.referrers(digest, call)).filter(mayBeSignature);
  } catch (error) {
    yield unreadable(place, error);
    return;
  }
  if (bundles.length > MAX_SIGNATURES) {
    const fault = `It has ${bundles.length} sigstore bundles, more than the ${MAX_SIGNATURES} allowed`;
    yield unreadable(place, new SignatureRejected(fault));
    return;
  }
  for (const descriptor of bundles) {
    yield { name: `bundle ${descriptor.digest}`, read: () => readBundle(transport, digest, descriptor, call) };
  }
}

/** Bundles, without those that say by themselves that they attest something else; an annotation can hide a signature, not make one. */
function mayBeSignature({ artifactType, annotations }: Descriptor): boolean {
  const predicate = annotations?.["dev.sigstore.bundle.predicateType"] ?? SIGN_PREDICATE;
  return BUNDLE_TYPES.has(artifactType ?? "") && predicate === SIGN_PREDICATE;
}

async function readBundle(
  transport: ImageTransport,
  digest: Digest,
  descriptor: Descriptor,
  call: TransportCall,
): Promise<FoundSignature> {
  const manifest: RawManifest = await transport.manifest(descriptor, call);
  const [layer, more] = parseSignatureManifest(manifest);
  if (layer === undefined || more !== undefined || !BUNDLE_TYPES.has(layer.mediaType)) {
    throw new SignatureRejected("Its manifest does not have one sigstore bundle as only layer");
  }
  const bytes = await readLayer(transport, layer, MAX_BUNDLE_BYTES, call);
  const bundle = parseJsonDocument({ bytes, what: `the bundle ${layer.digest}`, maxBytes: MAX_BUNDLE_BYTES });
  return { format: "sigstore-bundle", digest, bundle };
}

function readLayer(
  transport: ImageTransport,
  layer: SignatureLayer,
  maxBytes: number,
  call: TransportCall,
): Promise<Uint8Array> {
  if (layer.size > maxBytes) throw tooLarge(`the blob ${layer.digest}`, layer.size, maxBytes);
  return fromAnyPlace(transport, layer, call, () => readVerified(transport.blob(layer, call), layer));
}

/** Lists what is there but cannot be read, unless the fault is the whole source's. */
function unreadable(name: string, error: unknown): SignatureCandidate {
  if (rejectionReason(error) === undefined) throw error;
  return { name, read: () => Promise.reject(error) };
}
