import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { type TestImage, testImage, testIndex, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { openFileDestination } from "../src/archive/file-destination.ts";
import { openFileTransport } from "../src/archive/file-transport.ts";
import type { FileSourceKind } from "../src/source/image-source.ts";
import { blobsOf, contentOf, expectBytes, manifestOf, putImage, putImages } from "./destination-content.ts";
import { type Scratch, scratch } from "./scratch.ts";

const layer = testLayer([{ type: "file", path: "a", content: "a".repeat(1000) }]);
const image = testImage({ layers: [layer] });
const other = testImage({ layers: [layer], config: { Cmd: ["other"] } });
const ARCHIVES = ["oci-archive", "docker-archive"] as const;

test.each<[FileSourceKind, string, (files: Scratch) => Promise<string>]>([
  ["oci-archive", "in a directory that is not there", async (files) => files.path("missing", "x")],
  ["docker-archive", "in a directory that is not there", async (files) => files.path("missing", "x")],
  ["oci", "inside a file", (files) => fileAt(files, "file", "file/layout")],
  ["oci-archive", "inside a file", (files) => fileAt(files, "file", "file/x.tar")],
  ["oci", "where a file is", (files) => fileAt(files, "file", "file")],
  ["oci-archive", "where a directory is", (files) => directoryAt(files)],
  ["docker-archive", "where a directory is", (files) => directoryAt(files)],
])("an %s %s is DESTINATION_INACCESSIBLE, and nothing stays", async (kind, _where, place) => {
  await using files = await scratch();
  const path = await place(files);
  const before = await readdir(files.directory, { recursive: true });
  const writing = async () => {
    await using destination = openFileDestination({ kind, path });
    await putImages(destination, { "a/b:tag": image });
  };
  await expect(writing()).rejects.toMatchObject({
    name: "OciError",
    code: "DESTINATION_INACCESSIBLE",
    message: expect.stringContaining(path),
  });
  expect(await readdir(files.directory, { recursive: true })).toEqual(before);
});

async function fileAt(files: Scratch, name: string, path: string): Promise<string> {
  await writeFile(files.path(name), "");
  return files.path(path);
}

async function directoryAt(files: Scratch): Promise<string> {
  await mkdir(files.path("x", "y"), { recursive: true });
  return files.path("x");
}

test.each(ARCHIVES)("what an %s replaces stays as it is until the commit", async (kind) => {
  await using files = await scratch();
  const path = await fileAt(files, "x.tar", "x.tar");
  for (const commits of [false, true]) {
    await using destination = openFileDestination({ kind, path });
    await putImage(destination, image, "a/b:tag");
    expect((await readFile(path)).length).toBe(0);
    if (commits) await destination.commit({});
  }
  expect((await readFile(path)).length).toBeGreaterThan(2048);
  expect(await readdir(files.directory)).toEqual(["x.tar"]);
});

test.each(ARCHIVES)("an %s that is committed takes no more", async (kind) => {
  await using files = await scratch();
  await using destination = openFileDestination({ kind, path: files.path("x.tar") });
  await putImages(destination, { "a/b:tag": image });
  const before = await readFile(files.path("x.tar"));
  await expect(putImage(destination, other, "a/c:tag")).rejects.toThrow(/is committed/);
  expect((await readFile(files.path("x.tar"))).equals(before)).toBe(true);
});

test("a layout keeps the entries and fields that others have put into its index.json", async () => {
  await using files = await scratch();
  await writeTestLayout(files.directory, { kept: image, replaced: image });
  const path = files.path("index.json");
  const index = JSON.parse(await readFile(path, "utf8"));
  index.annotations = { "com.example.note": "kept" };
  index.manifests[0].annotations["com.example.more"] = "kept";
  await writeFile(path, JSON.stringify(index));
  await using destination = openFileDestination({ kind: "oci", path: files.directory });
  await putImages(destination, { replaced: other, added: other });
  const merged = JSON.parse(await readFile(path, "utf8"));
  expect(merged.annotations).toEqual(index.annotations);
  expect(merged.manifests[0]).toEqual(index.manifests[0]);
  const names = merged.manifests.map(({ annotations }: (typeof merged.manifests)[0]) => Object.values(annotations)[0]);
  expect(names).toEqual(["kept", "replaced", "added"]);
  expect(merged.manifests[1].digest).toBe(other.descriptor.digest);
});

test.each([
  ["oci-layout", "{}"],
  ["index.json", "[]"],
  ["index.json", "no JSON"],
])("a directory whose %s is %s is LAYOUT_INVALID, and stays as it is", async (name, content) => {
  await using files = await scratch();
  await writeFile(files.path(name), content);
  await using destination = openFileDestination({ kind: "oci", path: files.directory });
  await expect(putImages(destination, { tag: image })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
  expect(await readFile(files.path(name), "utf8")).toBe(content);
});

test("two writers of one layout get in nobody's way", async () => {
  await using files = await scratch();
  await using first = openFileDestination({ kind: "oci", path: files.directory });
  await using second = openFileDestination({ kind: "oci", path: files.directory });
  await Promise.all([putImage(first, image, "one"), putImage(second, other, "two")]);
  await first.commit({});
  await second.commit({});
  for (const [tag, wanted] of [["one", image] as const, ["two", other] as const]) {
    await using transport = openFileTransport({ kind: "oci", path: files.directory, tag });
    await expectBytes(transport, wanted);
  }
});

test.each(["oci", "oci-archive"] as const)(
  "a root without a name is the one image of an %s that names none",
  async (kind) => {
    await using files = await scratch();
    const path = files.path("x");
    const index = testIndex([image, other]);
    await using destination = openFileDestination({ kind, path });
    await putImage(destination, image);
    await putImage(destination, other);
    await destination.putManifest(manifestOf(index), {});
    await destination.commit({});
    await using transport = openFileTransport({ kind, path });
    await expectBytes(transport, index);
  },
);

/** What putting an image with other blobs or another manifest into a docker-archive rejects with. */
async function dockerFault(
  files: Scratch,
  content: TestImage,
  name?: string,
  blobs = blobsOf(content),
): Promise<unknown> {
  await using destination = openFileDestination({ kind: "docker-archive", path: files.path("x.tar") });
  try {
    for (const blob of blobs) await destination.putBlob(blob.descriptor, contentOf(blob), {});
    await destination.putManifest(manifestOf(content), { name });
  } catch (error) {
    return error;
  }
  throw new Error("nothing was refused");
}

const broken = testLayer(Buffer.from("x"), { compression: "gzip" });
const notGzip = { ...broken, bytes: Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), digest: digest("1f8b0800010203") };

function digest(hex: string) {
  return testLayer(Buffer.from(hex, "hex"), { compression: "none" }).digest;
}

test.each<[string, TestImage, string | undefined, string, RegExp]>([
  ["an index", testIndex([image]) as TestImage, "a:b", "MANIFEST_UNSUPPORTED", /The index sha256/],
  [
    "an image whose layer is not its diff ID",
    testImage({ layers: [{ ...layer, diffId: digest("00") }] }),
    "a:b",
    "BLOB_MISMATCH",
    /unpacked, not its diff ID/,
  ],
  [
    "an image whose layer cannot be unpacked",
    testImage({ layers: [notGzip] }),
    "a:b",
    "BLOB_MISMATCH",
    /cannot be unpacked/,
  ],
  [
    "an image with fewer diff IDs than layers",
    testImage({ layers: [layer], imageConfig: { rootfs: { type: "layers", diff_ids: [] } } }),
    "a:b",
    "MANIFEST_INVALID",
    /1 layers for 0 diff IDs/,
  ],
  [
    "an image whose diff IDs docker does not know",
    testImage({ layers: [{ ...layer, diffId: `sha512:${"0".repeat(128)}` }] }),
    "a:b",
    "MANIFEST_UNSUPPORTED",
    /diff ID sha512/,
  ],
  [
    "an artifact",
    testImage({ layers: [{ ...layer, mediaType: "text/plain" }] }),
    "a:b",
    "MANIFEST_UNSUPPORTED",
    /type text\/plain/,
  ],
  ["a name that is no reference", image, "Not A Name", "REFERENCE_INVALID", /Not A Name/],
])("a docker-archive refuses %s", async (_what, content, name, code, message) => {
  await using files = await scratch();
  const blobs = "layers" in content ? blobsOf(content) : [];
  const fault = await dockerFault(files, content, name, blobs);
  expect(fault).toMatchObject({ name: "OciError", code, message: expect.stringMatching(message) });
  expect(await readdir(files.directory)).toEqual([]);
});

test("a docker-archive refuses a manifest before its blobs", async () => {
  await using files = await scratch();
  for (const [left, blobs] of [[1, blobsOf(image).slice(1)] as const, [0, blobsOf(image).slice(0, -1)] as const]) {
    const fault = await dockerFault(files, image, "a:b", blobs);
    expect(fault, `blobs without ${left}`).toMatchObject({ code: "BLOB_NOT_FOUND" });
  }
});

test("a docker-archive has an image once for all its names, in full, and images without a name as well", async () => {
  await using files = await scratch();
  await using destination = openFileDestination({ kind: "docker-archive", path: files.path("x.tar") });
  await putImage(destination, image, "redis:7");
  await destination.putManifest(manifestOf(image), { name: `docker.io/library/redis:8@${image.descriptor.digest}` });
  await destination.putManifest(manifestOf(image), { name: `redis@${image.descriptor.digest}` });
  await putImage(destination, other);
  await destination.commit({});
  for (const [tag, wanted] of [
    ["redis:7", image] as const,
    ["docker.io/library/redis:8", image] as const,
    ["@1", other] as const,
  ]) {
    await using transport = openFileTransport({ kind: "docker-archive", path: files.path("x.tar"), tag });
    const root = JSON.parse(Buffer.from((await transport.rootManifest({})).bytes).toString("utf8"));
    expect(root.config.digest).toBe(wanted.configDescriptor.digest);
  }
});
