import { testImage, testIndex, testLayer } from "@a3s/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { contentDigest } from "../content/content-digest.ts";
import { MAX_LAYERS, parseManifest } from "./manifest.ts";
import { IMAGE_INDEX_TYPES, IMAGE_MANIFEST_TYPES } from "./media-type.ts";

const [OCI_MANIFEST, DOCKER_MANIFEST] = IMAGE_MANIFEST_TYPES;
const [OCI_INDEX] = IMAGE_INDEX_TYPES;
const image = testImage({ layers: [testLayer([])] });
const valid = JSON.parse(Buffer.from(image.blobs.get(image.descriptor.digest) ?? []).toString()) as object;

function parse(value: unknown, mediaType?: string) {
  const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(JSON.stringify(value));
  return parseManifest({ bytes, digest: contentDigest(bytes), ...(mediaType === undefined ? {} : { mediaType }) });
}

test("unknown fields are kept", () => {
  const value = { ...valid, extra: { a: [1] }, annotations: { x: "y" } };
  expect(parse(value)).toMatchObject({ kind: "manifest", manifest: value });
});

test.each([
  ["the declared type, with parameters", valid, `${OCI_MANIFEST}; charset=utf-8`, OCI_MANIFEST],
  ["the document's own type", valid, "application/octet-stream", OCI_MANIFEST],
  ["the fields", { ...valid, mediaType: undefined }, undefined, OCI_MANIFEST],
  ["the declared type alone", { ...valid, mediaType: undefined }, DOCKER_MANIFEST, DOCKER_MANIFEST],
  ["the fields of an index", { schemaVersion: 2, manifests: [] }, undefined, OCI_INDEX],
])("the type comes from %s", (_what, value, declared, expected) => {
  expect(parse(value, declared).mediaType).toBe(expected);
});

const descriptor = { mediaType: "a/b", digest: `sha256:${"0".repeat(64)}`, size: 1 };

test.each([
  ["no JSON", "<html>", undefined],
  ["no object", "[]", undefined],
  ["null", "null", undefined],
  ["invalid UTF-8 stands for itself", '"\\ud800"', undefined],
  ["both manifests and layers", { ...valid, manifests: [] }, undefined],
  ["an index with layers", { schemaVersion: 2, manifests: [], layers: [] }, OCI_INDEX],
  ["a type that contradicts the declared one", valid, OCI_INDEX],
  ["schemaVersion 1", { ...valid, schemaVersion: 1 }, undefined],
  ["no config", { ...valid, config: undefined }, undefined],
  ["a negative size", { ...valid, layers: [{ ...descriptor, size: -1 }] }, undefined],
  ["a size with a fraction", { ...valid, layers: [{ ...descriptor, size: 1.5 }] }, undefined],
  ["a size beyond 2^53", { ...valid, layers: [{ ...descriptor, size: 2 ** 60 }] }, undefined],
  ["a path as digest", { ...valid, layers: [{ ...descriptor, digest: "sha256:../../etc" }] }, undefined],
  ["an unknown algorithm", { ...valid, layers: [{ ...descriptor, digest: `md5:${"0".repeat(32)}` }] }, undefined],
  ["too many layers", { ...valid, layers: Array(MAX_LAYERS + 1).fill(descriptor) }, undefined],
])("MANIFEST_INVALID: %s", (_what, value, declared) => {
  expect(() => parse(value, declared)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
});

test.each([
  ["an artifact manifest", { mediaType: "application/vnd.oci.artifact.manifest.v1+json" }, undefined],
  ["Docker's schema 1", { schemaVersion: 1 }, "application/vnd.docker.distribution.manifest.v1+prettyjws"],
  ["an unknown type", { schemaVersion: 2, mediaType: "application/x" }, undefined],
  [
    "a Helm chart",
    { ...valid, config: { ...descriptor, mediaType: "application/vnd.cncf.helm.config.v1+json" } },
    undefined,
  ],
  [
    "an attestation layer",
    { ...valid, layers: [{ ...descriptor, mediaType: "application/vnd.in-toto+json" }] },
    undefined,
  ],
])("MANIFEST_UNSUPPORTED: %s", (_what, value, declared) => {
  expect(() => parse(value, declared)).toThrow(expect.objectContaining({ code: "MANIFEST_UNSUPPORTED" }));
});

test("an artifact is refused by its own type", () => {
  const config = { ...descriptor, mediaType: "application/vnd.oci.empty.v1+json" };
  expect(() => parse({ ...valid, config, artifactType: "application/x.sbom" })).toThrow('"application/x.sbom"');
});

test("any JSON, and any field replaced by any JSON, is parsed or refused with a code", () => {
  const index = testIndex([image]);
  const validIndex = JSON.parse(Buffer.from(index.blobs.get(index.descriptor.digest) ?? []).toString()) as object;
  const document = fc.oneof(
    fc.jsonValue(),
    fc
      .record({ base: fc.constantFrom(valid, validIndex), key: fc.string(), value: fc.jsonValue() })
      .chain((change) =>
        fc
          .constantFrom(...Object.keys(change.base), change.key)
          .map((key) => ({ ...change.base, [key]: change.value })),
      ),
  );
  fc.assert(
    fc.property(document, (value) => {
      try {
        parse(value);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^MANIFEST_(INVALID|UNSUPPORTED)$/) });
      }
    }),
    { numRuns: 500 },
  );
});
