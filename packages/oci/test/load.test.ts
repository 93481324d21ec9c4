import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { PassThrough, Readable } from "node:stream";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { tarArchive, testImage, testIndex, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { load } from "../src/load/load.ts";
import { pull } from "../src/pull/pull.ts";
import { dockerEntriesOf, file, layoutEntriesOf, openFiles, writeArchive } from "./archive-files.ts";
import { scratch } from "./scratch.ts";

const layer = testLayer([{ type: "file", path: "a", content: "a".repeat(100_000) }], { compression: "none" });
const image = testImage({ layers: [layer], config: { Cmd: ["/one"] } });
const other = testImage({ layers: [layer], config: { Cmd: ["/two"] } });
const layoutNames = { "docker.io/library/one:1": image, "localhost:5000/two:2": other };

test.each([
  ["plain", (tar: Uint8Array) => tar],
  ["packed", (tar: Uint8Array) => gzipSync(tar)],
])("a docker-archive, %s, is loaded under all names of all its images", async (_what, pack) => {
  await using files = await scratch();
  const entries = dockerEntriesOf({ "one:1": image, "localhost:5000/two:2": other });
  const [manifest] = JSON.parse(contentOf(entries, "manifest.json"));
  manifest.RepoTags.push("docker.io/library/uno:1", "not a reference");
  const more = [
    ...entries,
    file("manifest.json", JSON.stringify([manifest, JSON.parse(contentOf(entries, "manifest.json"))[1]])),
  ];
  await writeArchive(files.path("x.tar"), more, pack);
  const store = await files.store();
  const images = await load(files.path("x.tar"), { store });
  expect(images.map(({ reference, config }) => [reference, config.cmd])).toEqual([
    ["docker.io/library/one:1", ["/one"]],
    ["docker.io/library/uno:1", ["/one"]],
    ["localhost:5000/two:2", ["/two"]],
  ]);
  expect((await store.get("one:1"))?.layers.map(({ diffId }) => diffId)).toEqual([layer.diffId]);
});

test.each(["oci", "oci-archive"] as const)(
  "an %s is loaded under the references in it, and else under where it lies",
  async (kind) => {
    await using files = await scratch();
    const path = files.path("source");
    const contents = { ...layoutNames, latest: image };
    if (kind === "oci") await writeTestLayout(path, contents);
    else await writeArchive(path, layoutEntriesOf(contents));
    const store = await files.store();
    const images = await load(path, { store });
    const names = [...Object.keys(layoutNames), `${kind}:${path}:latest`];
    expect(images.map(({ reference }) => reference)).toEqual(names);
    expect(images.map(({ manifestDigest }) => manifestDigest)).toEqual(
      [image, other, image].map(({ descriptor }) => descriptor.digest),
    );
    // The name is one that a pull takes.
    const events: string[] = [];
    for await (const { type } of pull(`${kind}:${path}:latest`, { store })) events.push(type);
    expect(events).toEqual(["resolving", "done"]);
  },
);

test("an archive of Docker 25 and later is read as the layout that it holds, with the name that containerd gives", async () => {
  await using files = await scratch();
  const descriptor = {
    ...image.descriptor,
    annotations: { "io.containerd.image.name": "docker.io/library/one:1", "org.opencontainers.image.ref.name": "1" },
  };
  const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor] });
  await writeArchive(files.path("x.tar"), [
    ...layoutEntriesOf({ one: image }),
    ...dockerEntriesOf({ "one:1": image }),
    file("index.json", index),
  ]);
  const [loaded, ...more] = await load(files.path("x.tar"), { store: await files.store() });
  expect(more).toEqual([]);
  expect(loaded).toMatchObject({ reference: "docker.io/library/one:1", manifestDigest: image.descriptor.digest });
});

test("images without any name are kept under the path, by position when there are several", async () => {
  await using files = await scratch();
  const store = await files.store();
  for (const [name, images] of Object.entries({ one: { a: image }, two: { a: image, b: other } })) {
    const entries = dockerEntriesOf(images);
    const manifest = JSON.parse(contentOf(entries, "manifest.json"));
    for (const entry of manifest) entry.RepoTags = null;
    await writeArchive(files.path(name), [...entries, file("manifest.json", JSON.stringify(manifest))]);
  }
  const loaded = [...(await load(files.path("one"), { store })), ...(await load(files.path("two"), { store }))];
  const [one, two] = [`docker-archive:${files.path("one")}`, `docker-archive:${files.path("two")}`];
  expect(loaded.map(({ reference }) => reference)).toEqual([one, `${two}:@0`, `${two}:@1`]);
  expect(await pull(`${two}:@1`, { store })).toMatchObject({ config: { cmd: ["/two"] } });
});

test("what has no name beside images with names stays behind", async () => {
  await using files = await scratch();
  await writeTestLayout(files.path("layout"), { "docker.io/library/one:1": image, beside: other });
  const path = files.path("layout", "index.json");
  const index = JSON.parse(await readFile(path, "utf8"));
  delete index.manifests[1].annotations;
  await writeFile(path, JSON.stringify(index));
  const images = await load(files.path("layout"), { store: await files.store() });
  expect(images.map(({ reference }) => reference)).toEqual(["docker.io/library/one:1"]);
});

test("the platform is chosen out of an index, and one that is missing is PLATFORM_NOT_FOUND", async () => {
  await using files = await scratch();
  const arm = testImage({ layers: [layer], platform: { os: "linux", architecture: "arm64" } });
  await writeArchive(files.path("x.tar"), layoutEntriesOf({ "docker.io/library/one:1": testIndex([arm]) }));
  const store = await files.store();
  const platform = { os: "linux", architecture: "arm64" };
  const [loaded] = await load(files.path("x.tar"), { store, platform });
  expect(loaded?.manifestDigest).toBe(arm.descriptor.digest);
  const loading = load(files.path("x.tar"), { store, platform: { os: "linux", architecture: "s390x" } });
  await expect(loading).rejects.toMatchObject({ code: "PLATFORM_NOT_FOUND" });
});

test("a stream is loaded like a file, packed or not, and leaves nothing open", async () => {
  await using files = await scratch();
  const tar = tarArchive(layoutEntriesOf(layoutNames));
  for (const [name, bytes] of Object.entries({ plain: tar, packed: gzipSync(tar) })) {
    const options = { store: await files.store(name), temporaryDirectory: files.path() };
    const images = await load(Readable.from([Buffer.from(bytes)]), options);
    expect(images.map(({ reference }) => reference)).toEqual(Object.keys(layoutNames));
  }
  expect((await readdir(files.directory)).toSorted()).toEqual(["packed", "plain"]);
  expect((await openFiles(files.directory)).filter((path) => path.includes("a3s-archive-"))).toEqual([]);
});

test("a stream with an image that has no full name is refused before anything is stored", async () => {
  await using files = await scratch();
  const store = await files.store();
  const tar = tarArchive(layoutEntriesOf({ ...layoutNames, latest: image }));
  await expect(load(Readable.from([Buffer.from(tar)]), { store })).rejects.toMatchObject({
    code: "ARCHIVE_INVALID",
    message: expect.stringContaining('"latest"'),
  });
  expect(await store.list()).toEqual([]);
});

test("a stream that never ends stops with the signal's reason", async () => {
  await using files = await scratch();
  const controller = new AbortController();
  const reason = new Error("enough");
  const stream = new PassThrough();
  stream.write(tarArchive(layoutEntriesOf(layoutNames), { unterminated: true }));
  const options = { store: await files.store(), temporaryDirectory: files.path(), signal: controller.signal };
  const loading = load(stream, options);
  setImmediate(() => controller.abort(reason));
  await expect(loading).rejects.toBe(reason);
  expect((await openFiles(files.directory)).filter((path) => path.includes("a3s-archive-"))).toEqual([]);
});

test("a stream that is longer than allowed is ARCHIVE_INVALID", async () => {
  await using files = await scratch();
  const endless = async function* () {
    for (;;) yield new Uint8Array(100_000);
  };
  const loading = load(endless(), { store: await files.store(), maxUnpackedBytes: 1_000_000 });
  await expect(loading).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
});

test.each<[string, Parameters<typeof tarArchive>[0], string]>([
  ["holds no images", [file("readme", "x")], "ARCHIVE_INVALID"],
  ["has half of a layout", layoutEntriesOf(layoutNames).slice(0, -1), "ARCHIVE_INVALID"],
])("an archive that %s is %s", async (_what, entries, code) => {
  await using files = await scratch();
  await writeArchive(files.path("x.tar"), entries);
  await expect(load(files.path("x.tar"), { store: await files.store() })).rejects.toMatchObject({ code });
});

test("a path that is not there is ARCHIVE_INVALID, and a directory that is no layout LAYOUT_INVALID", async () => {
  await using files = await scratch();
  const store = await files.store();
  await expect(load(files.path("missing"), { store })).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
  await expect(load(files.directory, { store })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
});

test("a layer that is not what the configuration says is BLOB_MISMATCH, and the image has no name then", async () => {
  await using files = await scratch();
  const entries = dockerEntriesOf({ "one:1": image }).map((entry) =>
    "path" in entry && entry.path.endsWith("layer.tar") ? file(entry.path, "b".repeat(layer.bytes.length)) : entry,
  );
  await writeArchive(files.path("x.tar"), entries);
  const store = await files.store();
  await expect(load(files.path("x.tar"), { store })).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
  expect(await store.list()).toEqual([]);
});

test.each(["docker-archive", "oci-archive"])("what skopeo writes as %s is loaded under its name", async (kind) => {
  await using files = await scratch();
  await writeTestLayout(files.path("layout"), { tag: image });
  const target = `${kind}:${files.path("x.tar")}:docker.io/library/one:1`;
  await promisify(execFile)("skopeo", [
    "--insecure-policy",
    "copy",
    "--quiet",
    `oci:${files.path("layout")}:tag`,
    target,
  ]);
  const [loaded] = await load(files.path("x.tar"), { store: await files.store() });
  expect(loaded).toMatchObject({ reference: "docker.io/library/one:1", config: { cmd: ["/one"] } });
});

/** The text of the first entry of a name. */
function contentOf(entries: ReturnType<typeof dockerEntriesOf>, path: string): string {
  const entry = entries.find((other) => "path" in other && other.path === path);
  if (entry?.type !== "file") throw new Error(`the test has no ${path}`);
  return String(entry.content);
}

test("an archive cannot bring an image under the digest of another one", async () => {
  await using files = await scratch();
  const pinned = `docker.io/library/one@${other.descriptor.digest}`;
  await writeArchive(files.path("x.tar"), layoutEntriesOf({ [pinned]: image }));
  const store = await files.store();
  await expect(load(files.path("x.tar"), { store })).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
  expect(await store.list()).toEqual([]);
});
