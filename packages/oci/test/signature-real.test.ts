import { execFile } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import {
  type DockerRegistry,
  startDockerRegistry,
  startTestRegistry,
  type TestContent,
  testImage,
  testIndex,
  writeTestLayout,
} from "@a3s/testing";
import { expect, test } from "vitest";
import { openTransport } from "../src/pull/pull.ts";
import { parseReference, type Reference } from "../src/reference/reference.ts";
import type { KeyPolicy } from "../src/signature/signature-policy.ts";
import { verifySignature } from "../src/signature/verify-signature.ts";
import { type Scratch, scratch } from "./scratch.ts";
import { type ArtifactLayer, artifact } from "./signatures/artifact.ts";
import {
  keyBundle,
  type SimpleSignature,
  signatureTag,
  signStatementOf,
  simpleSignature,
} from "./signatures/cosign-signer.ts";

const run = promisify(execFile);

/** Its digest is the one that the fixtures sign. */
const image = testImage({ platform: { os: "linux", architecture: "amd64" } });
const { digest } = image.descriptor;

/** Made once by sigstore's own Go library (`pkg/signature`, `signature/payload`), which cosign and skopeo sign with; the keys are gone. */
interface GoSignature {
  readonly key: string;
  readonly publicKey: string;
  /** In base64, as the signature. */
  readonly payload: string;
  readonly signature: string;
}

const fixtures = new URL("signatures/sigstore-go.json", import.meta.url);
const goSignatures: readonly GoSignature[] = JSON.parse(await readFile(fixtures, "utf8"));

/** Pushes contents of a layout by skopeo, each under its tag. */
async function push(
  files: Scratch,
  repository: string,
  contents: Readonly<Record<string, TestContent>>,
): Promise<void> {
  await writeTestLayout(files.path("layout"), contents);
  for (const tag of Object.keys(contents)) {
    const options = ["--quiet", "--preserve-digests", "--dest-tls-verify=false"];
    const from = `oci:${files.path("layout")}:${tag}`;
    await run("skopeo", ["--insecure-policy", "copy", ...options, from, `docker://${repository}:${tag}`]);
  }
}

/** Pushes the image and signatures of it, as cosign leaves them. */
async function pushSigned(registry: DockerRegistry, files: Scratch, signatures: readonly ArtifactLayer[]) {
  const repository = `${registry.host}/team/app`;
  await push(files, repository, { 1: image, [signatureTag(digest)]: artifact(signatures) });
  return parseReference(`${repository}:1`);
}

async function verify(reference: Reference, policy: Omit<KeyPolicy, "type">) {
  await using transport = openTransport({ kind: "registry", reference });
  const root = await transport.rootManifest({});
  return await verifySignature({ type: "key", ...policy }, { transport, reference, digests: [root.digest] });
}

function ecdsa() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, publicKeys: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

function signed(options: Omit<SimpleSignature, "digest">) {
  return simpleSignature({ digest, ...options });
}

test("a signature in docker-registry is accepted by its key and refused by another", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const { privateKey, publicKeys } = ecdsa();
  const claimed = `${registry.host}/team/app:1`;
  const reference = await pushSigned(registry, files, [signed({ privateKey, reference: claimed })]);
  const evidence = await verify(reference, { publicKeys });
  expect(evidence).toMatchObject({ policy: "key", digest, format: "simple-signing", reference: claimed });
  const refused = verify(reference, { publicKeys: ecdsa().publicKeys });
  await expect(refused).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
});

test("an image that was pushed with no signature but another image's has none that counts", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const { privateKey, publicKeys } = ecdsa();
  const other = testImage({ config: { Cmd: ["other"] } }).descriptor.digest;
  const reference = await pushSigned(registry, files, [simpleSignature({ privateKey, digest: other })]);
  await expect(verify(reference, { publicKeys })).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });

  await push(files, `${registry.host}/team/bare`, { 1: image });
  const bare = verify(parseReference(`${registry.host}/team/bare:1`), { publicKeys });
  await expect(bare).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
});

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

/** A signature by key as cosign 3 attaches it: an artifact whose subject is the image. */
function bundleArtifact(privateKey: KeyObject): TestContent {
  const bytes = Buffer.from(JSON.stringify(keyBundle({ privateKey, statement: signStatementOf(digest) })));
  const subject = { mediaType: image.descriptor.mediaType, digest, size: image.descriptor.size };
  return artifact([{ mediaType: BUNDLE, bytes }], { artifactType: BUNDLE, subject });
}

test("a bundle among the referrers that a registry lists is accepted by its key and refused by another", async () => {
  const { privateKey, publicKeys } = ecdsa();
  const content = { 1: image, bundle: bundleArtifact(privateKey) };
  await using registry = await startTestRegistry({ repositories: { "team/app": content } });
  const reference = parseReference(`${registry.host}/team/app:1`);
  const evidence = { policy: "key", digest, format: "sigstore-bundle" };
  expect(await verify(reference, { publicKeys })).toMatchObject(evidence);
  const refused = verify(reference, { publicKeys: ecdsa().publicKeys });
  await expect(refused).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
});

test("a bundle in docker-registry, which lists no referrers but keeps them under a tag, is accepted by its key", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const { privateKey, publicKeys } = ecdsa();
  const bundle = bundleArtifact(privateKey);
  await push(files, `${registry.host}/team/app`, { 1: image, bundle });
  const index = testIndex([], { index: { manifests: [{ ...bundle.descriptor, artifactType: BUNDLE }] } });
  const put = await fetch(`http://${registry.host}/v2/team/app/manifests/${digest.replace(":", "-")}`, {
    method: "PUT",
    headers: { "content-type": index.descriptor.mediaType },
    body: Buffer.from(index.blobs.get(index.descriptor.digest) ?? []),
  });
  expect(put.status).toBe(201);
  const reference = parseReference(`${registry.host}/team/app:1`);
  expect(await verify(reference, { publicKeys })).toMatchObject({ digest, format: "sigstore-bundle" });
});

test("what sigstore's own library signed is accepted, for every type of key", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const layers = goSignatures.map(({ payload, signature }) => ({
    mediaType: "application/vnd.dev.cosign.simplesigning.v1+json",
    bytes: Buffer.from(payload, "base64"),
    annotations: { "dev.cosignproject.cosign/signature": signature },
  }));
  const reference = await pushSigned(registry, files, layers);
  const repository = "registry.example.com/team/app";
  expect(goSignatures.map(({ key }) => key)).toEqual([
    "ECDSA P-256, SHA-256",
    "ECDSA P-384, SHA-256",
    "ECDSA P-384, SHA-384",
    "ECDSA P-521, SHA-512",
    "Ed25519",
    "RSA 2048, PKCS #1 v1.5",
  ]);
  for (const { publicKey } of goSignatures) {
    expect(await verify(reference, { publicKeys: publicKey, repository })).toMatchObject({ reference: repository });
    // Pulled from elsewhere than the signature says, so the policy has to name the repository.
    await expect(verify(reference, { publicKeys: publicKey })).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  }
});
