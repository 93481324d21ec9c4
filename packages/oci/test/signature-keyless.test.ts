import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { digestOf } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../src/reference/reference.ts";
import type { KeylessPolicy, SignaturePolicy } from "../src/signature/signature-policy.ts";
import { verifySignature } from "../src/signature/verify-signature.ts";
import { scratch } from "./scratch.ts";
import { signatureTag, signStatementOf, simpleSignature } from "./signatures/cosign-signer.ts";
import { MemoryTransport } from "./signatures/memory-transport.ts";
import { type BundleJson, type SigstoreAuthority, sigstoreAuthority } from "./signatures/sigstore-authority.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const who = {
  identity: "https://github.com/team/app/.github/workflows/release.yml@refs/tags/v1",
  issuer: "https://token.actions.githubusercontent.com",
};
const root = digestOf(Buffer.from("the index"));
const image = digestOf(Buffer.from("the manifest"));
const reference = parseReference("registry.example.com/team/app:1");

const authority = await sigstoreAuthority();
const bundle = await authority.signStatement(signStatementOf(root), who);

function attached(...bundles: readonly BundleJson[]): MemoryTransport {
  const transport = new MemoryTransport();
  for (const json of bundles) {
    const layer = { mediaType: BUNDLE, bytes: Buffer.from(JSON.stringify(json)) };
    transport.attach(root, [layer], { artifactType: BUNDLE });
  }
  return transport;
}

function keyless(policy: Partial<KeylessPolicy> = {}): KeylessPolicy {
  return { type: "keyless", ...who, trustedRoot: authority.trustedRoot, ...policy };
}

function verify(transport: MemoryTransport, policy: SignaturePolicy = keyless()) {
  return verifySignature(policy, { transport, reference, digests: [root, image] });
}

/** The bundle with one thing changed. */
function spoilt(change: (json: BundleJson) => void, from: BundleJson = bundle): BundleJson {
  const copy = structuredClone(from);
  change(copy);
  return copy;
}

test("a bundle by the identity lets the image in, and the evidence says whose", async () => {
  expect(await verify(attached(bundle))).toEqual({
    policy: "keyless",
    digest: root,
    format: "sigstore-bundle",
    ...who,
  });
});

test("an identity may be an expression that has to match as a whole", async () => {
  const release = /https:\/\/github\.com\/team\/app\/\.github\/workflows\/release\.yml@refs\/tags\/v\d+/;
  expect(await verify(attached(bundle), keyless({ identity: release }))).toMatchObject(who);
  const part = keyless({ identity: /team\/app/ });
  await expect(verify(attached(bundle), part)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
});

test("a timestamp authority may vouch for the time in place of the log", async () => {
  const timed = await authority.signStatement(signStatementOf(root), who, ["log without time", "timestamp"]);
  expect(await verify(attached(timed))).toMatchObject(who);
  const timeless = await authority.signStatement(signStatementOf(root), who, ["log without time"]);
  await expect(verify(attached(timeless))).rejects.toThrow("expected 1 timestamps, got 0");
  const unlogged = await authority.signStatement(signStatementOf(root), who, ["timestamp"]);
  await expect(verify(attached(unlogged))).rejects.toThrow("expected 1 tlog entries, got 0");
});

test.each<[string, Partial<KeylessPolicy>]>([
  ["of another issuer", { issuer: "https://accounts.example.com" }],
  ["of an issuer that only starts alike", { issuer: who.issuer.slice(0, -1) }],
  ["of another identity", { identity: "https://github.com/other/app" }],
  ["of an identity that only starts alike", { identity: who.identity.slice(0, -1) }],
  ["of an identity that would match as an expression", { identity: who.identity.replace("github", "g.thub") }],
])("SIGNATURE_INVALID: a signature %s", async (_what, policy) => {
  await expect(verify(attached(bundle), keyless(policy))).rejects.toMatchObject({
    code: "SIGNATURE_INVALID",
    details: { rejected: [{ digest: root, reason: expect.stringContaining("whom the policy does not name") }] },
  });
});

test.each<[string, (json: BundleJson) => void, string]>([
  [
    "whose statement was changed",
    (json) => {
      json.dsseEnvelope.payload = Buffer.from(JSON.stringify(signStatementOf(root, { predicate: 1 }))).toString(
        "base64",
      );
    },
    "payload hash mismatch",
  ],
  [
    "whose signature was changed",
    (json) => {
      json.dsseEnvelope.signatures[0].sig = Buffer.from("0").toString("base64");
    },
    "signature mismatch",
  ],
  [
    "without a log entry",
    (json) => {
      json.verificationMaterial.tlogEntries = [];
    },
    "expected 1 timestamps",
  ],
  [
    "whose log entry has another time",
    (json) => {
      json.verificationMaterial.tlogEntries[0].integratedTime = "1700000000";
    },
    "It could not be verified",
  ],
  [
    "with 17 log entries",
    (json) => {
      json.verificationMaterial.tlogEntries = Array(17).fill(json.verificationMaterial.tlogEntries[0]);
    },
    "It has 17 log entries",
  ],
  [
    "whose checkpoint carries an expression that never ends",
    (json) => {
      const { checkpoint } = json.verificationMaterial.tlogEntries[0].inclusionProof;
      checkpoint.envelope = checkpoint.envelope.replace("\u2014 rekor.example.com", "\u2014 (((.*)*)*)*!");
    },
    "checkpoint of its log entry is malformed",
  ],
  [
    "whose certificate is none",
    (json) => {
      json.verificationMaterial.certificate.rawBytes = "AAAA";
    },
    "It could not be verified",
  ],
  [
    "whose statement is of another type",
    (json) => {
      json.dsseEnvelope.payloadType = "text/plain";
    },
    "of the type",
  ],
  [
    "without a signature",
    (json) => {
      json.dsseEnvelope.signatures = [];
    },
    "is no sigstore bundle",
  ],
])("SIGNATURE_INVALID: a bundle %s", async (_what, change, reason) => {
  await expect(verify(attached(spoilt(change)))).rejects.toMatchObject({
    code: "SIGNATURE_INVALID",
    details: { rejected: [{ reason: expect.stringContaining(reason) }] },
  });
});

test("SIGNATURE_INVALID: a bundle for another digest, also one for the platform's manifest in the index's place", async () => {
  const other = await authority.signStatement(signStatementOf(image), who);
  await expect(verify(attached(other))).rejects.toThrow(`not ${root}`);
});

test("SIGNATURE_INVALID: a certificate that had expired when the log took the signature", async () => {
  const late = await sigstoreAuthority({ logAheadMinutes: 60 });
  const signed = await late.signStatement(signStatementOf(root), who);
  const policy = keyless({ trustedRoot: late.trustedRoot });
  await expect(verify(attached(signed), policy)).rejects.toThrow("not valid or expired");
});

test("SIGNATURE_INVALID: a certificate that no certificate log has", async () => {
  const secret = await sigstoreAuthority({ certificateLog: false });
  const signed = await secret.signStatement(signStatementOf(root), who);
  const policy = keyless({ trustedRoot: secret.trustedRoot });
  await expect(verify(attached(signed), policy)).rejects.toThrow("expected 1 SCTs, got 0");
});

test.each(["certificateAuthorities", "tlogs", "ctlogs"] as const)("SIGNATURE_INVALID: unknown %s", async (part) => {
  const stranger: SigstoreAuthority = await sigstoreAuthority();
  const trustedRoot = { ...authority.trustedRoot, [part]: stranger.trustedRoot[part] };
  await expect(verify(attached(bundle), keyless({ trustedRoot }))).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
});

test("SIGNATURE_MISSING: attestations and signatures by key are no keyless signatures", async () => {
  const predicateType = "https://slsa.dev/provenance/v1";
  const attestation = await authority.signStatement(signStatementOf(root, { predicateType }), who);
  const byKey = spoilt((json) => {
    json.verificationMaterial = { publicKey: { hint: "x" }, tlogEntries: [] };
  });
  const transport = attached(attestation, byKey).tag(signatureTag(root), [
    simpleSignature({ privateKey: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey, digest: root }),
  ]);
  await expect(verify(transport)).rejects.toMatchObject({ code: "SIGNATURE_MISSING", details: { others: 3 } });
});

test("artifacts of other types, and bundles that say that they attest something else, are not fetched", async () => {
  const layer = { mediaType: BUNDLE, bytes: Buffer.from("not looked at") };
  const annotations = { "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1" };
  const transport = new MemoryTransport()
    .attach(root, [layer], { artifactType: "text/spdx+json" })
    .attach(root, [layer], { artifactType: BUNDLE, annotations });
  await expect(verify(transport)).rejects.toMatchObject({ code: "SIGNATURE_MISSING", details: { others: 0 } });
});

test("SIGNATURE_INVALID: a bundle that cannot be read", async () => {
  const layer = (bytes: Buffer, mediaType = BUNDLE) => ({ mediaType, bytes });
  const good = Buffer.from(JSON.stringify(bundle));
  const unreadable = [
    [layer(Buffer.from("{"))],
    [layer(Buffer.from("null"))],
    [layer(Buffer.alloc(1024 * 1024 + 1, " "))],
    [layer(good), layer(good)],
    [layer(good, "text/plain")],
    [],
  ];
  for (const layers of unreadable) {
    const transport = new MemoryTransport().attach(root, layers, { artifactType: BUNDLE });
    await expect(verify(transport)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  }
  const many = new MemoryTransport();
  for (let count = 0; count < 65; count++) many.attach(root, [layer(good)], { artifactType: BUNDLE });
  await expect(verify(many)).rejects.toThrow("65 sigstore bundles");
});

test("a policy that asks for a repository refuses a bundle, which names none", async () => {
  const policy = keyless({ repository: "registry.example.com/team/app" });
  await expect(verify(attached(bundle), policy)).rejects.toThrow("names no repository");
});

test("the trusted root may be a file", async () => {
  await using files = await scratch();
  const trustedRoot = files.path("trusted_root.json");
  await writeFile(trustedRoot, JSON.stringify(authority.trustedRoot));
  expect(await verify(attached(bundle), keyless({ trustedRoot }))).toMatchObject(who);
});

test("the library is not loaded for a signature by key in the simple signing format", async () => {
  const module = new URL("../src/signature/verify-signature.ts", import.meta.url).href;
  const script = `
    await import(${JSON.stringify(module)});
    const { createRequire } = await import("node:module");
    const loaded = Object.keys(createRequire("/").cache).filter((path) => path.includes("sigstore"));
    console.log(JSON.stringify(loaded));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  expect(JSON.parse(stdout)).toEqual([]);
});
