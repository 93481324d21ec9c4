import { generateKeyPairSync } from "node:crypto";
import { digestOf } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../src/reference/reference.ts";
import type { KeylessPolicy } from "../src/signature/signature-policy.ts";
import { verifySignature } from "../src/signature/verify-signature.ts";
import { signatureTag, simpleSignature } from "./signatures/cosign-signer.ts";
import { MemoryTransport } from "./signatures/memory-transport.ts";
import { sigstoreAuthority } from "./signatures/sigstore-authority.ts";

const who = { identity: "https://github.com/team/app", issuer: "https://token.actions.githubusercontent.com" };
const root = digestOf(Buffer.from("the index"));
const reference = parseReference("registry.example.com/team/app:1");
const authority = await sigstoreAuthority();

function keyless(policy: Partial<KeylessPolicy>): KeylessPolicy {
  return { type: "keyless", ...who, trustedRoot: authority.trustedRoot, ...policy };
}

function verify(transport: MemoryTransport, policy: Partial<KeylessPolicy> = {}) {
  return verifySignature(keyless(policy), { transport, reference, digests: [root] });
}

/** A keyless signature as cosign 2 keeps it, spoilt by annotations put over its own. */
async function legacy(annotations: Readonly<Record<string, string>> = {}, alter = (text: string) => text) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const layer = simpleSignature({ privateKey, digest: root, reference: "registry.example.com/team/app" });
  const signed = await authority.signPayload(layer.bytes, who);
  const bytes = Buffer.from(alter(layer.bytes.toString()));
  return new MemoryTransport().tag(signatureTag(root), [
    { ...layer, bytes, annotations: { ...signed, ...annotations } },
  ]);
}

test("a keyless signature in the simple signing format lets the image in", async () => {
  expect(await verify(await legacy())).toEqual({
    policy: "keyless",
    digest: root,
    format: "simple-signing",
    reference: "registry.example.com/team/app",
    ...who,
  });
});

test("SIGNATURE_INVALID: a keyless signature in the simple signing format that was altered", async () => {
  const refused = [
    await legacy({}, (text) => text.replace("creator", "curator")),
    await legacy({ "dev.sigstore.cosign/certificate": "x" }),
    await legacy({ "dev.sigstore.cosign/bundle": "x" }),
    await legacy({ "dev.sigstore.cosign/bundle": "{}" }),
    await legacy({ "dev.sigstore.cosign/bundle": " ".repeat(70_000) }),
    await legacy({ "dev.cosignproject.cosign/signature": "AAAA" }),
  ];
  for (const transport of refused) {
    await expect(verify(transport)).rejects.toMatchObject({ code: "SIGNATURE_INVALID" });
  }
  const other = { identity: "https://github.com/other/app" };
  await expect(verify(await legacy(), other)).rejects.toThrow("whom the policy does not name");
  const elsewhere = { repository: "registry.example.com/other/app" };
  await expect(verify(await legacy(), elsewhere)).rejects.toThrow("not for registry.example.com/other/app");
});
