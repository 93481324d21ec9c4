import { generateKeyPairSync } from "node:crypto";
import { startTestRegistry, testImage, testIndex, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { pull } from "../src/pull/pull.ts";
import type { SignaturePolicy } from "../src/signature/signature-policy.ts";
import { collect } from "./collect.ts";
import { scratch } from "./scratch.ts";
import { artifact } from "./signatures/artifact.ts";
import { signatureTag, simpleSignature } from "./signatures/cosign-signer.ts";

const layers = [testLayer([{ type: "file", path: "a", content: "a" }])];
const image = testImage({ layers, platform: { os: "linux", architecture: "amd64" } });
const platform = { os: "linux", architecture: "amd64" };

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeys = publicKey.export({ type: "spki", format: "pem" }).toString();
  return { privateKey, policy: { type: "key", publicKeys } satisfies SignaturePolicy };
}

const trusted = keyPair();
const stranger = keyPair();

function signatureOf(content: typeof image, { privateKey } = trusted) {
  const { digest } = content.descriptor;
  return { [signatureTag(digest)]: artifact([simpleSignature({ privateKey, digest })]) };
}

test("a signed image is pulled, and the evidence is in the events before it is done", async () => {
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: image, ...signatureOf(image) } } });
  const store = await files.store();
  const options = { store, platform, signaturePolicy: trusted.policy };
  const events = await collect(pull(`${registry.host}/a:one`, options));
  expect(events.slice(-2)).toMatchObject([
    {
      type: "verified",
      digest: image.descriptor.digest,
      signature: { policy: "key", digest: image.descriptor.digest, format: "simple-signing" },
    },
    { type: "done" },
  ]);
});

test.each([
  ["SIGNATURE_MISSING", "no signature", {}],
  ["SIGNATURE_INVALID", "a stranger's signature", signatureOf(image, stranger)],
])("%s: an image with %s is refused before a blob is fetched, and has no name", async (code, _what, signature) => {
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: image, ...signature } } });
  const store = await files.store();
  const pulling = pull(`${registry.host}/a:one`, { store, platform, signaturePolicy: trusted.policy });
  await expect(pulling).rejects.toMatchObject({ code });
  const fetched = registry.requests.filter(({ kind }) => kind === "blob").map(({ path }) => path);
  const own = [...layers.map(({ digest }) => digest), image.configDescriptor.digest];
  expect(fetched.filter((path) => own.some((digest) => path.includes(digest)))).toEqual([]);
  expect(await store.list()).toEqual([]);
});

test("a signature that a mirror gives wrong comes from the registry", async () => {
  await using files = await scratch();
  const repositories = { a: { one: image, ...signatureOf(image) } };
  const faults = [{ kind: "blob", fault: { type: "corrupt" } }] as const;
  await using mirror = await startTestRegistry({ repositories, faults });
  await using registry = await startTestRegistry({ repositories });
  const mirrors = { [registry.host]: [mirror.host] };
  const options = { store: await files.store(), platform, signaturePolicy: trusted.policy, mirrors };
  const events = await collect(pull(`${registry.host}/a:one`, options));
  const told = events.filter(({ type }) => type === "mirror-failed" || type === "verified");
  expect(told).toMatchObject([
    { type: "mirror-failed", code: "BLOB_MISMATCH" },
    { type: "verified", signature: { policy: "key" } },
  ]);
});

test("an image that is stored already is held against the policy all the same", async () => {
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: image } } });
  const store = await files.store();
  const name = `${registry.host}/a:one`;
  await pull(name, { store, platform });
  const again = pull(name, { store, platform, signaturePolicy: trusted.policy });
  await expect(again).rejects.toMatchObject({ code: "SIGNATURE_MISSING" });
});

test("the signature may be on the index or on the platform's manifest", async () => {
  await using files = await scratch();
  const index = testIndex([image, testImage({ platform: { os: "linux", architecture: "arm64" } })]);
  for (const signed of [index, image]) {
    const tags = { one: index, ...signatureOf(signed as typeof image) };
    await using registry = await startTestRegistry({ repositories: { a: tags } });
    const store = await files.store(signed.descriptor.digest.slice(-8));
    const events = await collect(pull(`${registry.host}/a:one`, { store, platform, signaturePolicy: trusted.policy }));
    const verified = events.find(({ type }) => type === "verified");
    expect(verified).toMatchObject({
      digest: index.descriptor.digest,
      signature: { digest: signed.descriptor.digest },
    });
  }
});

test("a policy that cannot be evaluated lets nothing in", async () => {
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: image } } });
  const policies = [{ type: "key", publicKeys: "no key" }, { type: "kye" }] as unknown as readonly SignaturePolicy[];
  for (const signaturePolicy of policies) {
    const store = await files.store();
    const pulling = pull(`${registry.host}/a:one`, { store, platform, signaturePolicy });
    await expect(pulling).rejects.toMatchObject({ code: "SIGNATURE_POLICY_INVALID" });
    expect(await store.list()).toEqual([]);
  }
});
