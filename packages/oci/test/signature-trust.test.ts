import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { fetchTrustedRoot, loadTrustMaterial } from "../src/signature/trusted-root.ts";
import { scratch } from "./scratch.ts";
import { sigstoreAuthority } from "./signatures/sigstore-authority.ts";
import { type TufRepositoryOptions, tufRepository } from "./signatures/tuf-repository.ts";

const { trustedRoot } = await sigstoreAuthority();
const text = JSON.stringify(trustedRoot);

test("a trusted root is fetched and checked by TUF, and what was learned is kept", async () => {
  await using files = await scratch();
  await using repository = await tufRepository(text);
  const tuf = { mirrorURL: repository.mirrorURL, cachePath: files.directory };
  await repository.trust(files.directory);
  expect(await fetchTrustedRoot(tuf)).toBe(text);
  const trust = await loadTrustMaterial(undefined, tuf);
  expect([trust.certificateAuthorities.length, trust.tlogs.length, trust.ctlogs.length]).toEqual([1, 1, 1]);
});

test.each<[string, TufRepositoryOptions]>([
  ["is not what was signed", { served: text.replace("mock", "mork") }],
  ["has run out", { expired: true }],
  ["is signed by a stranger", { stranger: true }],
])("SIGNATURE_POLICY_INVALID: a repository that %s", async (_what, options) => {
  await using files = await scratch();
  await using repository = await tufRepository(text, options);
  await repository.trust(files.directory);
  const tuf = { mirrorURL: repository.mirrorURL, cachePath: files.directory };
  await expect(loadTrustMaterial(undefined, tuf)).rejects.toMatchObject({ code: "SIGNATURE_POLICY_INVALID" });
});

test("SIGNATURE_POLICY_INVALID: a repository that nobody answers for", async () => {
  await using files = await scratch();
  const repository = await tufRepository(text);
  await repository.trust(files.directory);
  await repository[Symbol.asyncDispose]();
  const tuf = { mirrorURL: repository.mirrorURL, cachePath: files.directory };
  await expect(loadTrustMaterial(undefined, tuf)).rejects.toMatchObject({
    code: "SIGNATURE_POLICY_INVALID",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("an abort ends the wait for a repository that is silent", async () => {
  await using files = await scratch();
  await using repository = await tufRepository(text, { silent: true });
  await repository.trust(files.directory);
  const controller = new AbortController();
  const tuf = { mirrorURL: repository.mirrorURL, cachePath: files.directory, signal: controller.signal };
  const waiting = loadTrustMaterial(undefined, tuf);
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(fetchTrustedRoot(tuf)).rejects.toThrow("enough");
});

const certificate = { rawBytes: "AAAA" };

test.each<[string, unknown]>([
  ["an empty object", {}],
  ["another document", { ...trustedRoot, mediaType: "application/json" }],
  ["no CA", { ...trustedRoot, certificateAuthorities: [] }],
  ["no transparency log", { ...trustedRoot, tlogs: [] }],
  ["no certificate log", { ...trustedRoot, ctlogs: [] }],
  [
    "a certificate that is none",
    { ...trustedRoot, certificateAuthorities: [{ certChain: { certificates: [certificate] } }] },
  ],
  [
    "a certificate that is not base64",
    { ...trustedRoot, certificateAuthorities: [{ certChain: { certificates: [{ rawBytes: "-" }] } }] },
  ],
  ["a list", [trustedRoot]],
])("SIGNATURE_POLICY_INVALID: a trusted root with %s", async (_what, root) => {
  const loading = loadTrustMaterial(root as Record<string, unknown>, {});
  await expect(loading).rejects.toMatchObject({ code: "SIGNATURE_POLICY_INVALID" });
});

test("SIGNATURE_POLICY_INVALID: a file that is missing, no JSON, or larger than 4 MiB", async () => {
  await using files = await scratch();
  const path = files.path("trusted_root.json");
  await expect(loadTrustMaterial(path, {})).rejects.toMatchObject({ code: "SIGNATURE_POLICY_INVALID" });
  for (const content of ["{", " ".repeat(4 * 1024 * 1024 + 1)]) {
    await writeFile(path, content);
    await expect(loadTrustMaterial(path, {})).rejects.toMatchObject({ code: "SIGNATURE_POLICY_INVALID" });
  }
});
