import { expect, test } from "vitest";
import { contentDigest } from "../content/content-digest.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import { IndexEntries } from "./index-entries.ts";
import { EMPTY_INDEX_JSON } from "./index-json.ts";

const mediaType = "application/vnd.oci.image.manifest.v1+json";
const REF_NAME = "org.opencontainers.image.ref.name";
const CONTAINERD_NAME = "io.containerd.image.name";

function manifest(document: unknown): TypedManifest {
  const bytes = Buffer.from(JSON.stringify(document), "utf8");
  return { bytes, digest: contentDigest(bytes), mediaType };
}

const one = manifest({ config: 1 });
const two = manifest({ config: 2 });

function entriesOf(puts: readonly (readonly [TypedManifest, string | undefined])[], before = EMPTY_INDEX_JSON) {
  const entries = new IndexEntries();
  for (const [content, name] of puts) entries.add(content, name);
  return entries.mergeInto(before).manifests;
}

test.each<[string, Readonly<Record<string, string>>]>([
  ["latest", { [REF_NAME]: "latest" }],
  ["redis:7", { [REF_NAME]: "redis:7" }],
  ["any thing", { [REF_NAME]: "any thing" }],
  [
    "docker.io/library/redis:7",
    { [REF_NAME]: "docker.io/library/redis:7", [CONTAINERD_NAME]: "docker.io/library/redis:7" },
  ],
  ["localhost:5000/a:b", { [REF_NAME]: "localhost:5000/a:b", [CONTAINERD_NAME]: "localhost:5000/a:b" }],
])("the name %s is written for every tool that can use it", (name, annotations) => {
  expect(entriesOf([[one, name]])).toEqual([{ mediaType, digest: one.digest, size: one.bytes.length, annotations }]);
});

test("the same name replaces where it stands, by either annotation; others stay", () => {
  const before = {
    ...EMPTY_INDEX_JSON,
    manifests: entriesOf([
      [one, "a"],
      [one, "docker.io/library/b:1"],
      [one, "c"],
    ]),
  };
  const after = entriesOf(
    [
      [two, "docker.io/library/b:1"],
      [two, "d"],
      [one, "d"],
    ],
    before,
  );
  expect(after.map(({ digest, annotations }) => [annotations?.[REF_NAME], digest])).toEqual([
    ["a", one.digest],
    ["docker.io/library/b:1", two.digest],
    ["c", one.digest],
    ["d", one.digest],
  ]);
});

test("without a name, what no index leads to is listed, once; what is attached to an image is not", () => {
  const index = manifest({ manifests: [{ digest: one.digest }] });
  const attached = manifest({ config: 3, subject: { digest: two.digest } });
  const puts = [
    [one, undefined],
    [index, undefined],
    [two, undefined],
    [attached, undefined],
  ] as const;
  const listed = entriesOf(puts);
  expect(listed).toEqual([index, two].map(({ digest, bytes }) => ({ mediaType, digest, size: bytes.length })));
  expect(entriesOf(puts, { ...EMPTY_INDEX_JSON, manifests: listed })).toEqual(listed);
});

test("a manifest that is no JSON is MANIFEST_INVALID", () => {
  const bytes = Buffer.from("{");
  expect(() => new IndexEntries().add({ bytes, digest: contentDigest(bytes), mediaType }, "a")).toThrow(
    expect.objectContaining({ code: "MANIFEST_INVALID" }),
  );
});
