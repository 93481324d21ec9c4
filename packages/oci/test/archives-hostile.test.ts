import { mkdir, readdir, rename, symlink, truncate, writeFile } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { makeFifo } from "@a3s/core";
import { type TarEntry, tarArchive, testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { openFileTransport } from "../src/archive/file-transport.ts";
import { blobPath } from "../src/layout/blob-path.ts";
import type { Descriptor } from "../src/manifest/descriptor.ts";
import type { FileSourceKind } from "../src/source/image-source.ts";

import { dockerEntriesOf, file, layoutEntriesOf, openFiles, writeArchive } from "./archive-files.ts";
import { collect } from "./collect.ts";
import { type Scratch, scratch } from "./scratch.ts";

const layer = testLayer([{ type: "file", path: "a", content: "content" }], { compression: "none" });
const image = testImage({ layers: [layer] });
const layout = layoutEntriesOf({ tag: image });
const docker = dockerEntriesOf({ "a/b:tag": image });
const config = `${image.configDescriptor.digest.slice("sha256:".length)}.json`;

function without(entries: readonly TarEntry[], path: string): readonly TarEntry[] {
  return entries.filter((entry) => !("path" in entry && entry.path === path));
}

/** The entries with another content for one of them. */
function withContent(entries: readonly TarEntry[], path: string, content: string | Uint8Array): readonly TarEntry[] {
  return [...without(entries, path), file(path, content)];
}

function manifestJson(fields: Readonly<Record<string, unknown>>): readonly TarEntry[] {
  return withContent(
    docker,
    "manifest.json",
    JSON.stringify([{ Config: config, RepoTags: null, Layers: [], ...fields }]),
  );
}

const link = (path: string, target: string): TarEntry => ({ type: "symlink", path, target });
const layerFile = `${layer.digest.slice("sha256:".length)}/layer.tar`;

test.each<[string, FileSourceKind, readonly TarEntry[], RegExp]>([
  ["has nothing", "oci-archive", [], /has no oci-layout/],
  ["has no index.json", "oci-archive", without(layout, "index.json"), /has no index\.json/],
  ["has an index.json that is no JSON", "oci-archive", withContent(layout, "index.json", "{"), /malformed/],
  ["has an index.json of another shape", "oci-archive", withContent(layout, "index.json", "[]"), /malformed/],
  [
    "is a layout of another version",
    "oci-archive",
    withContent(layout, "oci-layout", '{"imageLayoutVersion":"2"}'),
    /malformed/,
  ],
  [
    "has an index.json that is a link out",
    "oci-archive",
    [...without(layout, "index.json"), link("index.json", "/etc/passwd")],
    /has no index\.json/,
  ],
  [
    "has an index.json that is a link to itself",
    "oci-archive",
    [...without(layout, "index.json"), link("index.json", "index.json")],
    /has no index\.json/,
  ],
  [
    "has a huge index.json",
    "oci-archive",
    withContent(layout, "index.json", " ".repeat(33 * 1024 * 1024)),
    /more than the \d+ allowed/,
  ],
  ["has no manifest.json", "docker-archive", without(docker, "manifest.json"), /has no manifest\.json/],
  [
    "has a manifest.json that is no JSON",
    "docker-archive",
    withContent(docker, "manifest.json", "nonsense"),
    /malformed/,
  ],
  [
    "has a manifest.json of another shape",
    "docker-archive",
    withContent(docker, "manifest.json", '{"Config":"x"}'),
    /malformed/,
  ],
  [
    "has a huge manifest.json",
    "docker-archive",
    withContent(docker, "manifest.json", `[]${" ".repeat(4 * 1024 * 1024)}`),
    /more than the \d+ allowed/,
  ],
  [
    "names layers without end",
    "docker-archive",
    manifestJson({ Layers: Array.from({ length: 513 }, () => "x") }),
    /malformed/,
  ],
  ["has no configuration", "docker-archive", without(docker, config), /has no [0-9a-f]{64}\.json/],
  [
    "names a configuration outside",
    "docker-archive",
    manifestJson({ Config: "../../etc/passwd" }),
    /has no \.\.\/\.\.\/etc\/passwd/,
  ],
  [
    "names a configuration at the root",
    "docker-archive",
    manifestJson({ Config: "/etc/passwd" }),
    /has no \/etc\/passwd/,
  ],
  [
    "has a huge configuration",
    "docker-archive",
    withContent(docker, config, new Uint8Array(9 * 1024 * 1024)),
    /more than the \d+ allowed/,
  ],
  ["lacks a layer", "docker-archive", without(docker, layerFile), /has no [0-9a-f]{64}\/layer\.tar/],
  ["names fewer layers than diff IDs", "docker-archive", manifestJson({ Layers: [] }), /1 diff IDs for 0 layers/],
  [
    "names a layer outside",
    "docker-archive",
    manifestJson({ Layers: ["../../dev/zero"] }),
    /has no \.\.\/\.\.\/dev\/zero/,
  ],
  [
    "has a layer that is a link out",
    "docker-archive",
    [...without(docker, layerFile), link(layerFile, "../../dev/zero")],
    /has no [0-9a-f]{64}\/layer\.tar/,
  ],
])("an archive that %s is ARCHIVE_INVALID", async (_what, kind, entries, message) => {
  await using files = await scratch();
  const path = files.path("x.tar");
  await writeArchive(path, entries);
  await using transport = openFileTransport({ kind, path });
  const fault = { name: "OciError", code: "ARCHIVE_INVALID", message: expect.stringMatching(message) };
  await expect(transport.rootManifest({})).rejects.toMatchObject(fault);
  await expect(transport.rootDigest({})).rejects.toMatchObject({ message: expect.stringContaining(path) });
});

test("a layer that a link of the archive leads to is read, as older versions of docker save it", async () => {
  await using files = await scratch();
  const entries = [
    ...without(docker, layerFile),
    file("other/layer.tar", layer.bytes),
    link(layerFile, "../other/layer.tar"),
  ];
  await writeArchive(files.path("x.tar"), entries);
  await using transport = openFileTransport({ kind: "docker-archive", path: files.path("x.tar") });
  const { digest, mediaType, bytes } = layer;
  const read = Buffer.concat(await collect(transport.blob({ digest, mediaType, size: bytes.length }, {})));
  expect(read.equals(layer.bytes)).toBe(true);
});

test("a configuration that is none is MANIFEST_INVALID", async () => {
  await using files = await scratch();
  await writeArchive(files.path("x.tar"), withContent(docker, config, "{}"));
  await using transport = openFileTransport({ kind: "docker-archive", path: files.path("x.tar") });
  await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "MANIFEST_INVALID" });
});

test("a manifest that is not what index.json says is BLOB_MISMATCH", async () => {
  await using files = await scratch();
  const manifest = `blobs/${image.descriptor.digest.replace(":", "/")}`;
  await writeArchive(files.path("x.tar"), withContent(layout, manifest, " ".repeat(image.descriptor.size)));
  await using transport = openFileTransport({ kind: "oci-archive", path: files.path("x.tar") });
  await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
});

/** Opens a packed archive of which something is wrong, with at most 64 KiB unpacked. */
async function readingPacked(files: Scratch, packed: Uint8Array): Promise<unknown> {
  const path = files.path("packed");
  await writeFile(path, packed);
  const options = { temporaryDirectory: files.directory, maxUnpackedBytes: 65_536 };
  await using transport = openFileTransport({ kind: "oci-archive", path }, options);
  return await transport.rootManifest({});
}

const tar = tarArchive(layout);
test.each<[string, Uint8Array, RegExp]>([
  ["is cut off, in gzip", gzipSync(tar).subarray(0, -20), /cannot be unpacked/],
  ["is cut off, in zstd", zstdCompressSync(tar).subarray(0, -20), /cannot be unpacked/],
  ["is damaged, in gzip", gzipSync(tar).fill(0xff, 100, 120), /cannot be unpacked/],
  ["is damaged, in zstd", Buffer.from(zstdCompressSync(tar)).fill(0xff, 0x10, 0x40), /cannot be unpacked/],
  ["is a bomb, in gzip", gzipSync(new Uint8Array(100 * 1024 * 1024)), /more than 65536 bytes unpacked/],
  ["is a bomb, in zstd", zstdCompressSync(new Uint8Array(100 * 1024 * 1024)), /more than 65536 bytes unpacked/],
  ["is no archive inside", gzipSync("something else"), /cut off in a header/],
  ["is packed twice", gzipSync(gzipSync(tar)), /is not a tar archive/],
])("a packed archive that %s is ARCHIVE_INVALID, and no temporary file stays", async (_what, packed, message) => {
  await using files = await scratch();
  await expect(readingPacked(files, packed)).rejects.toMatchObject({
    code: "ARCHIVE_INVALID",
    message: expect.stringMatching(message),
  });
  expect(await readdir(files.directory)).toEqual(["packed"]);
  expect(await openFiles(files.directory)).toEqual([]);
});

test("unpacking ends when the transport is disposed, and when nobody waits any more", async () => {
  await using files = await scratch();
  const path = files.path("packed");
  await writeFile(path, gzipSync(new Uint8Array(200 * 1024 * 1024)));
  const transport = openFileTransport({ kind: "oci-archive", path }, { temporaryDirectory: files.directory });
  const reason = new Error("enough");
  const controller = new AbortController();
  const reading = transport.rootManifest({ signal: controller.signal });
  controller.abort(reason);
  await expect(reading).rejects.toBe(reason);
  await transport[Symbol.asyncDispose]();
  expect(await openFiles(files.directory)).toEqual([]);
  expect(await readdir(files.directory)).toEqual(["packed"]);
});

test("a directory for temporary files that is not there is DESTINATION_INACCESSIBLE", async () => {
  await using files = await scratch();
  await writeFile(files.path("packed"), gzipSync(tar));
  const options = { temporaryDirectory: files.path("missing") };
  await using transport = openFileTransport({ kind: "oci-archive", path: files.path("packed") }, options);
  await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "DESTINATION_INACCESSIBLE" });
});

test("an archive that becomes shorter while it is read is ARCHIVE_INVALID", async () => {
  await using files = await scratch();
  const path = files.path("x.tar");
  await writeArchive(path, layout);
  await using transport = openFileTransport({ kind: "oci-archive", path });
  await transport.rootManifest({});
  await truncate(path, 600);
  const { digest, mediaType, bytes } = layer;
  const reading = collect(transport.blob({ digest, mediaType, size: bytes.length }, {}));
  await expect(reading).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
});

test.each<[string, (path: string) => Promise<unknown>]>([
  ["is not there", async () => {}],
  ["is a directory", (path) => mkdir(path)],
  ["is a FIFO that nobody writes to", async (path) => makeFifo(path)],
])("a path that %s is ARCHIVE_INVALID at once", async (_what, make) => {
  await using files = await scratch();
  const path = files.path("x");
  await make(path);
  await using transport = openFileTransport({ kind: "oci-archive", path });
  await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "ARCHIVE_INVALID" });
});

const blob = image.configDescriptor as Descriptor;

test.each<[string, string, (path: string) => Promise<unknown>]>([
  ["blob", "a symbolic link", (path) => rename(path, `${path}.real`).then(() => symlink(`${path}.real`, path))],
  ["blob", "not a regular file", (path) => rename(path, `${path}.real`).then(() => makeFifo(path))],
  ["blob", "not a regular file", (path) => rename(path, `${path}.real`).then(() => mkdir(path))],
  ["index", "a symbolic link", (path) => rename(path, `${path}.real`).then(() => symlink(`${path}.real`, path))],
])("a layout's %s that is %s is LAYOUT_INVALID at once", async (what, fault, spoil) => {
  await using files = await scratch();
  await writeTestLayout(files.directory, { tag: image });
  await spoil(what === "blob" ? blobPath(files.directory, blob.digest) : files.path("index.json"));
  await using transport = openFileTransport({ kind: "oci", path: files.directory });
  const reading = what === "blob" ? collect(transport.blob(blob, {})) : transport.rootManifest({});
  await expect(reading).rejects.toMatchObject({ code: "LAYOUT_INVALID", message: expect.stringContaining(fault) });
  expect(await openFiles(files.directory)).toEqual([]);
});

test("an image may be named by its position", async () => {
  await using files = await scratch();
  const other = testImage({ config: { Cmd: ["other"] } });
  await writeArchive(files.path("oci.tar"), layoutEntriesOf({ one: image, two: other }));
  await writeArchive(files.path("docker.tar"), dockerEntriesOf({ one: image, two: other }));
  for (const [kind, path] of [["oci-archive", "oci.tar"] as const, ["docker-archive", "docker.tar"] as const]) {
    await using second = openFileTransport({ kind, path: files.path(path), tag: "@1" });
    expect(await second.rootDigest({})).toBe(other.descriptor.digest);
    await using third = openFileTransport({ kind, path: files.path(path), tag: "@2" });
    await expect(third.rootDigest({})).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    await using unnamed = openFileTransport({ kind, path: files.path(path) });
    await expect(unnamed.rootDigest({})).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  }
});
