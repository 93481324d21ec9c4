import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { preparePolicy, type SignaturePolicy } from "./signature-policy.ts";

const { publicKey } = generateKeyPairSync("ed25519");
const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
const issuer = "https://issuer.example.com";

function accepts(identity: string | RegExp, actual: string): boolean {
  const prepared = preparePolicy({ type: "keyless", issuer, identity });
  return prepared.type === "keyless" && prepared.isIdentity(actual);
}

test.each<[string | RegExp, string, boolean]>([
  ["a@example.com", "a@example.com", true],
  ["a@example.com", "a@exampleXcom", false],
  ["a@example.com", "aa@example.com", false],
  ["a@example.com", "A@example.com", false],
  [".*", "a@example.com", false],
  [/a@example\.com/, "a@example.com", true],
  [/a@example\.com/, "aa@example.com", false],
  [/a|b/, "bb", false],
  [/a|b/, "b", true],
  [/^a$/m, "a\nb", false],
  [/A/i, "a", true],
])("the identity %s takes %j: %s", (identity, actual, expected) => {
  expect(accepts(identity, actual)).toBe(expected);
});

test("an expression with a state answers the same each time", () => {
  const prepared = preparePolicy({ type: "keyless", issuer, identity: /a/g });
  const test = prepared.type === "keyless" ? prepared.isIdentity : () => false;
  expect([test("a"), test("a"), test("a")]).toEqual([true, true, true]);
});

test.each<[string, unknown]>([
  ["a type that is none", { type: "Skip" }],
  ["no type", {}],
  ["no key", { type: "key", publicKeys: [] }],
  ["a key that is left out", { type: "key" }],
  ["too many keys", { type: "key", publicKeys: Array(65).fill(pem) }],
  ["one bad key among good ones", { type: "key", publicKeys: [pem, "x"] }],
  ["a repository that is none", { type: "key", publicKeys: pem, repository: "A b" }],
  ["an empty repository", { type: "key", publicKeys: pem, repository: "" }],
  ["no issuer", { type: "keyless", identity: "a" }],
  ["an empty issuer", { type: "keyless", issuer: "", identity: "a" }],
  ["no identity", { type: "keyless", issuer }],
  ["an empty identity", { type: "keyless", issuer, identity: "" }],
])("SIGNATURE_POLICY_INVALID: %s", (_what, policy) => {
  expect(() => preparePolicy(policy as SignaturePolicy)).toThrow(
    expect.objectContaining({ code: "SIGNATURE_POLICY_INVALID" }),
  );
});
