import { type TestContent, testImage, testIndex, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { scratch } from "../../test/scratch.ts";
import { BlobFiles } from "./blob-files.ts";
import { ContentGraph, parseContentLinks } from "./content-graph.ts";

const one = `sha256:${"1".repeat(64)}`;
const two = `sha256:${"2".repeat(64)}`;
const three = `sha512:${"3".repeat(128)}`;

test.each<readonly [string, unknown, { readonly manifests?: readonly string[]; readonly content?: readonly string[] }]>(
  [
    [
      "an image manifest",
      { config: { digest: one }, layers: [{ digest: two }, { digest: three }] },
      { content: [one, two, three] },
    ],
    ["an index", { manifests: [{ digest: one }, { digest: two }] }, { manifests: [one, two] }],
    ["an artifact manifest", { blobs: [{ digest: one }], subject: { digest: two } }, { content: [one] }],
    [
      "entries that are no descriptors",
      { manifests: [null, 1, { digest: "sha256:../x" }, { digest: two }] },
      { manifests: [two] },
    ],
    ["fields of another kind", { manifests: "x", config: 1, layers: {} }, {}],
    ["a list", [{ digest: one }], {}],
    ["nothing", null, {}],
  ],
)("reads what %s names", (_what, value, { manifests = [], content = [] }) => {
  expect(parseContentLinks(Buffer.from(JSON.stringify(value)))).toEqual({ manifests, content });
});

test("a blob that is no JSON names nothing", () => {
  expect(parseContentLinks(Buffer.from([0xff, 0x00]))).toEqual({ manifests: [], content: [] });
});

const shared = testLayer([{ type: "file", path: "shared", content: "s" }]);
const amd = testImage({ platform: { os: "linux", architecture: "amd64" }, layers: [shared] });
const arm = testImage({
  platform: { os: "linux", architecture: "arm64" },
  layers: [shared, testLayer([{ type: "file", path: "arm", content: "a" }])],
});
const index = testIndex([testIndex([amd]), arm]);
const parts = (content: TestContent) => [...content.blobs.keys()].toSorted();

async function withGraph(
  without: readonly string[],
  use: (graph: ContentGraph, present: ReadonlySet<`sha256:${string}`>) => Promise<void>,
): Promise<void> {
  await using files = await scratch();
  await keepImage(await files.store("."), "a/b", index, without);
  const blobs = new BlobFiles(files.directory);
  await use(
    new ContentGraph(blobs, undefined),
    new Set((await blobs.list()).sizes.keys()) as ReadonlySet<`sha256:${string}`>,
  );
}

test("reaches everything below a root, through nested indexes, also what is not there", async () => {
  await withGraph([arm.layers[1]?.digest ?? ""], async (graph) => {
    expect([...(await graph.reach([index.descriptor.digest]))].toSorted()).toEqual(parts(index));
  });
});

test.each([
  ["nothing", [], []],
  ["a platform as a whole", parts(arm).filter((digest) => !parts(amd).includes(digest)), []],
  ["a layer", [shared.digest], [shared.digest]],
  ["the configuration", [amd.configDescriptor.digest], [amd.configDescriptor.digest]],
  ["the root", [index.descriptor.digest], [index.descriptor.digest]],
])("tells what is missing when %s is", async (_what, without, missing) => {
  await withGraph(without, async (graph, present) => {
    expect(await graph.missing(index.descriptor.digest, present)).toEqual(missing);
  });
});

test("an index without any of its manifests lacks them all", async () => {
  const [nested] = JSON.parse(Buffer.from(index.blobs.get(index.descriptor.digest) ?? []).toString()).manifests;
  await withGraph([nested.digest, arm.descriptor.digest], async (graph, present) => {
    expect(await graph.missing(index.descriptor.digest, present)).toEqual([nested.digest, arm.descriptor.digest]);
  });
});
