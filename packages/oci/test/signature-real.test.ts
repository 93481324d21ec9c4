import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { type DockerRegistry, startDockerRegistry, testImage, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { openTransport } from "../src/pull/pull.ts";
import { parseReference, type Reference } from "../src/reference/reference.ts";
import type { KeyPolicy } from "../src/signature/signature-policy.ts";
import { verifySignature } from "../src/signature/verify-signature.ts";
import { type Scratch, scratch } from "./scratch.ts";
import { artifact } from "./signatures/artifact.ts";
import { type SimpleSignature, signatureTag, simpleSignature } from "./signatures/cosign-signer.ts";

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

/** Pushes the image and signatures of it, as cosign leaves them, by skopeo. */
async function pushSigned(
  registry: DockerRegistry,
  files: Scratch,
  signatures: readonly ReturnType<typeof simpleSignature>[],
) {
  const repository = `${registry.host}/team/app`;
  await writeTestLayout(files.path("layout"), { image, signatures: artifact(signatures) });
  for (const [name, tag] of [
    ["image", "1"],
    ["signatures", signatureTag(digest)],
  ]) {
    const from = `oci:${files.path("layout")}:${name}`;
    const options = ["--quiet", "--preserve-digests", "--dest-tls-verify=false"];
    await run("skopeo", ["--insecure-policy", "copy", ...options, from, `docker://${repository}:${tag}`]);
  }
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

  const unsigned = `docker://${registry.host}/team/bare:1`;
  const options = ["--quiet", "--dest-tls-verify=false", `oci:${files.path("layout")}:image`];
  await run("skopeo", ["--insecure-policy", "copy", ...options, unsigned]);
  const bare = verify(parseReference(`${registry.host}/team/bare:1`), { publicKeys });
  await expect(bare).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
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
