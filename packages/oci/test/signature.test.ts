import { generateKeyPairSync } from "node:crypto";
import { digestOf } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../src/reference/reference.ts";
import type { KeyPolicy } from "../src/signature/signature-policy.ts";
import { verifySignature } from "../src/signature/verify-signature.ts";
import type { ArtifactLayer } from "./signatures/artifact.ts";
import {
  keyBundle,
  type SimpleSignature,
  signatureTag,
  signStatementOf,
  simpleSignature,
} from "./signatures/cosign-signer.ts";
import { MemoryTransport } from "./signatures/memory-transport.ts";

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const fingerprint = digestOf(publicKey.export({ type: "spki", format: "der" }));
const root = digestOf(Buffer.from("the index"));
const image = digestOf(Buffer.from("the manifest"));
const reference = parseReference("registry.example.com/team/app:1");
const SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json";

function signed(options: Partial<SimpleSignature> = {}): ArtifactLayer {
  return simpleSignature({ privateKey, digest: root, ...options });
}

function tagged(...layers: readonly ArtifactLayer[]): MemoryTransport {
  return new MemoryTransport().tag(signatureTag(root), layers);
}

function verify(transport: MemoryTransport, policy: Partial<KeyPolicy> = {}, subject = {}) {
  const whole: KeyPolicy = { type: "key", publicKeys: pem, ...policy };
  return verifySignature(whole, { transport, reference, digests: [root, image], ...subject });
}

test("skip lets everything in and asks nothing", async () => {
  const transport = new MemoryTransport();
  const evidence = await verifySignature({ type: "skip" }, { transport, reference, digests: [root] });
  expect(evidence).toEqual({ policy: "skip" });
  expect(transport.asked).toEqual([]);
});

test("a signature by the key lets the image in, and the evidence says which", async () => {
  const claimed = "registry.example.com/team/app:1";
  const evidence = await verify(tagged(signed({ reference: claimed })));
  expect(evidence).toEqual({
    policy: "key",
    digest: root,
    format: "simple-signing",
    keyFingerprint: fingerprint,
    reference: claimed,
  });
  expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
});

test("one good signature among bad ones is enough, of one key among several", async () => {
  const others = stranger.publicKey.export({ type: "spki", format: "pem" }).toString();
  const transport = tagged(signed({ digest: image }), signed({ spoil: () => "AAAA" }), signed());
  expect(await verify(transport, { publicKeys: [others, pem] })).toMatchObject({ keyFingerprint: fingerprint });
});

test("the manifest of the platform may be signed in place of the index", async () => {
  const transport = new MemoryTransport().tag(signatureTag(image), [signed({ digest: image })]);
  expect(await verify(transport)).toMatchObject({ digest: image });
  expect(transport.asked).toEqual([signatureTag(root), `referrers of ${root}`, signatureTag(image)]);
});

test("an image that is no index is looked up once", async () => {
  const transport = new MemoryTransport();
  await expect(verify(transport, {}, { digests: [root, root] })).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
  expect(transport.asked).toEqual([signatureTag(root), `referrers of ${root}`]);
});

test("SIGNATURE_MISSING: no signatures, an artifact of another kind, a digest that fits no tag", async () => {
  await expect(verify(new MemoryTransport())).rejects.toMatchObject({
    code: "SIGNATURE_MISSING",
    details: { policy: "key", digests: [root, image], others: 0 },
  });
  const sbom = { mediaType: "text/spdx+json", bytes: Buffer.from("{}") };
  await expect(verify(tagged(sbom))).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
  const long = new MemoryTransport();
  const digests = [digestOf(Buffer.from("x"), "sha512")];
  await expect(verify(long, {}, { digests })).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
  expect(long.asked).toEqual([`referrers of ${digests[0]}`]);
});

test.each<[string, ArtifactLayer | readonly ArtifactLayer[], string]>([
  ["by another key", signed({ privateKey: stranger.privateKey }), "none of the policy's keys"],
  ["for another digest", signed({ digest: image }), `not ${root}`],
  ["whose payload was changed", signed({ alter: (text) => text.replace("test", "tast") }), "or altered"],
  ["cut off in the middle of a group", signed({ spoil: (text) => text.slice(0, 41) }), "not in base64"],
  ["cut off", signed({ spoil: (text) => text.slice(0, 40) }), "none of the policy's keys"],
  ["that is empty", signed({ spoil: () => "" }), "not in base64"],
  ["longer than 4 KiB", signed({ spoil: () => "A".repeat(4100) }), "more than 4096"],
  ["that is left out", { mediaType: SIMPLE, bytes: Buffer.from("{}") }, "no annotation"],
  ["with a payload over 64 KiB", signed({ payload: " ".repeat(65_537) }), "more than the 65536"],
  ["with a payload that lies about its size", signed({ descriptor: { size: 10 } }), "is longer than the 10 bytes"],
  ["with a payload of another digest", signed({ descriptor: { digest: image } }), "There is no blob"],
  ["of something else", signed({ critical: { type: "atomic container signature" } }), "critical.type"],
  ["with a critical field that is not known", signed({ critical: { expires: 1 } }), "critical.expires"],
  ["with a payload that is no JSON", signed({ payload: "sign this" }), "is not JSON"],
  ["that is one of 65", Array.from({ length: 65 }, () => signed()), "more than 64"],
])("SIGNATURE_INVALID: a signature %s", async (_what, layers, reason) => {
  await expect(verify(tagged(...[layers].flat()))).rejects.toMatchObject({
    code: "SIGNATURE_INVALID",
    details: { rejected: [{ digest: root, reason: expect.stringContaining(reason) }] },
  });
});

test("64 signatures are looked at, and each one's fault is told", async () => {
  const layers = Array.from({ length: 64 }, (_, number) => signed({ digest: image, annotations: { n: `${number}` } }));
  const error = await verify(tagged(...layers)).catch((fault) => fault);
  expect(error).toMatchObject({ code: "SIGNATURE_INVALID", message: expect.stringContaining("and 63 more") });
  expect(error.details.rejected.length).toBe(64);
});

test("SIGNATURE_INVALID: what lies under the tag is no manifest, or too large a one", async () => {
  for (const bytes of [Buffer.from("<html>"), Buffer.from('{"layers":{}}'), Buffer.alloc(5_000_000, " ")]) {
    const transport = new MemoryTransport().tagBytes(signatureTag(root), bytes);
    await expect(verify(transport)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  }
});

test.each([
  ["docker.io/library/redis:7", "redis", undefined, true],
  ["index.docker.io/library/redis", "redis:6", undefined, true],
  ["", "redis", undefined, true],
  ["docker.io/library/nginx", "redis", undefined, false],
  ["ghcr.io/library/redis", "redis", undefined, false],
  ["not a reference!", "redis", undefined, false],
  ["docker.io/library/redis", undefined, undefined, false],
  ["", undefined, undefined, true],
  ["docker.io/library/redis", "mirror.example.com/redis", "redis", true],
  ["docker.io/library/redis", undefined, "docker.io/library/redis", true],
  ["mirror.example.com/redis", "mirror.example.com/redis", "redis", false],
  ["", "redis", "redis", false],
])("a signature for %j, image %s, policy for %s: accepted is %s", async (claimed, name, repository, accepted) => {
  const subject = { reference: name === undefined ? undefined : parseReference(name) };
  const verdict = verify(tagged(signed({ reference: claimed })), { repository }, subject).then(
    () => true,
    ({ code }) => code,
  );
  expect(await verdict).toBe(accepted || "SIGNATURE_INVALID");
});

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

function attached(json: unknown, subject = root): MemoryTransport {
  const layer = { mediaType: BUNDLE, bytes: Buffer.from(JSON.stringify(json)) };
  return new MemoryTransport().attach(subject, [layer], { artifactType: BUNDLE });
}

test("a bundle by the key lets the image in, on the index and on the platform's manifest", async () => {
  for (const digest of [root, image]) {
    const transport = attached(keyBundle({ privateKey, statement: signStatementOf(digest) }), digest);
    const evidence = { policy: "key", digest, format: "sigstore-bundle", keyFingerprint: fingerprint };
    expect(await verify(transport)).toEqual(evidence);
  }
});

test("a bundle may be of any type of key, of an image with a longer digest, and of an older version", async () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const digest = digestOf(Buffer.from("x"), "sha512");
  const json = keyBundle({ privateKey: p384.privateKey, hash: "sha384", statement: signStatementOf(digest) });
  const mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2";
  const layer = { mediaType, bytes: Buffer.from(JSON.stringify({ ...json, mediaType })) };
  const transport = new MemoryTransport().attach(digest, [layer], { artifactType: mediaType });
  const publicKeys = p384.publicKey.export({ type: "spki", format: "pem" }).toString();
  expect(await verify(transport, { publicKeys }, { digests: [digest] })).toMatchObject({ digest });
});

test.each<[string, unknown, string]>([
  ["by another key", keyBundle({ ...stranger, statement: signStatementOf(root) }), "none of the policy's keys"],
  ["for another digest", keyBundle({ privateKey, statement: signStatementOf(image) }), `not ${root}`],
  ["about nothing", keyBundle({ privateKey, statement: signStatementOf(root, { subject: [] }) }), `not ${root}`],
  ["without a statement", keyBundle({ privateKey, statement: {} }), "malformed"],
])("SIGNATURE_INVALID: a bundle %s", async (_what, json, reason) => {
  await expect(verify(attached(json))).rejects.toMatchObject({
    code: "SIGNATURE_INVALID",
    details: { rejected: [{ digest: root, reason: expect.stringContaining(reason) }] },
  });
});

test("SIGNATURE_MISSING: an attestation by the key is no signature", async () => {
  const statement = signStatementOf(root, { predicateType: "https://slsa.dev/provenance/v1" });
  await expect(verify(attached(keyBundle({ privateKey, statement })))).rejects.toMatchObject({
    code: "SIGNATURE_MISSING",
    details: { others: 1 },
  });
});

test("a fault of the source ends the check as it is", async () => {
  class Denying extends MemoryTransport {
    override async referrers(): Promise<never> {
      throw Object.assign(new Error("denied"), { code: "REGISTRY_DENIED" });
    }
  }
  await expect(verify(new Denying())).rejects.toThrow("denied");
});

test("an abort ends the check with its reason", async () => {
  const subject = { transport: tagged(signed()), reference, digests: [root] };
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(verifySignature({ type: "key", publicKeys: pem }, subject, { signal })).rejects.toThrow("enough");
});
