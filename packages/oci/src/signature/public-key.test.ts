import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { expect, test } from "vitest";
import { isSignedBy, parsePublicKey } from "./public-key.ts";

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const data = Buffer.from("data");
const curve = (namedCurve: string): Pair => generateKeyPairSync("ec", { namedCurve });
const rsa = (modulusLength: number): Pair => generateKeyPairSync("rsa", { modulusLength });

function pemOf({ publicKey }: Pair): string {
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

test.each<[string, Pair, string | null]>([
  ["ECDSA over P-256", curve("P-256"), "sha256"],
  ["ECDSA over P-384 with SHA-384", curve("P-384"), "sha384"],
  ["ECDSA over P-384 with SHA-256, as older signers do", curve("P-384"), "sha256"],
  ["ECDSA over P-521 with SHA-512", curve("P-521"), "sha512"],
  ["Ed25519", generateKeyPairSync("ed25519"), null],
  ["RSA", rsa(2048), "sha256"],
])("verifies %s", (_what, pair, hash) => {
  const key = parsePublicKey(pemOf(pair));
  const signature = sign(hash, data, pair.privateKey);
  expect(isSignedBy(key, data, signature)).toBe(true);
  expect(isSignedBy(key, Buffer.from("date"), signature)).toBe(false);
  expect(isSignedBy(key, data, signature.subarray(1))).toBe(false);
  expect(isSignedBy(key, data, new Uint8Array())).toBe(false);
});

const pair = curve("P-256");

test.each([
  ["text", "not a key"],
  ["a private key", pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString()],
  ["two keys in one text", pemOf(pair) + pemOf(pair)],
  ["a damaged key", pemOf(pair).replace(/M[A-Za-z0-9]{8}/, "MAAAAAAAA")],
  ["a curve that signs no images", pemOf(curve("secp256k1"))],
  ["a key for agreement only", pemOf(generateKeyPairSync("x25519"))],
  ["RSA of 1024 bits", pemOf(rsa(1024))],
])("SIGNATURE_POLICY_INVALID: %s", (_what, pem) => {
  expect(() => parsePublicKey(pem)).toThrow(expect.objectContaining({ code: "SIGNATURE_POLICY_INVALID" }));
});
