import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { type TestImage, testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { openFileDestination } from "../src/archive/file-destination.ts";
import { pull } from "../src/pull/pull.ts";
import type { FileSourceKind } from "../src/source/image-source.ts";
import { putImages } from "./destination-content.ts";
import { scratch } from "./scratch.ts";

const run = promisify(execFile);

async function skopeo(...args: readonly string[]): Promise<string> {
  return (await run("skopeo", ["--insecure-policy", ...args])).stdout;
}

const layer = testLayer([{ type: "file", path: "etc/motd", content: "hello\n".repeat(50_000) }]);
const plain = testLayer([{ type: "file", path: "plain", content: "plain" }], { compression: "none" });
const zstd = testLayer([{ type: "file", path: "zstd", content: "zstd" }], { compression: "zstd" });
const image = testImage({ layers: [layer, plain, zstd], config: { Cmd: ["/one"] } });
const other = testImage({ layers: [layer], config: { Cmd: ["/two"] } });
/** sha512 makes names that a tar header cannot hold. */
const long = testImage({ layers: [testLayer([], { algorithm: "sha512" })], algorithm: "sha512" });
const images = { "docker.io/library/one:1": image, "localhost:5000/two:latest": other };
const KINDS: readonly FileSourceKind[] = ["oci", "oci-archive", "docker-archive"];

test.each(KINDS)("skopeo copies every image out of the %s that we write", async (kind) => {
  await using files = await scratch();
  const path = files.path("written");
  await using destination = openFileDestination({ kind, path });
  await putImages(destination, images);
  for (const [name, wanted] of Object.entries(images)) {
    const copied = files.path(wanted.configDescriptor.digest);
    await skopeo("copy", "--quiet", `${kind}:${path}:${name}`, `dir:${copied}`);
    const manifest = JSON.parse(await readFile(`${copied}/manifest.json`, "utf8"));
    expect(manifest.config.digest).toBe(wanted.configDescriptor.digest);
    const digests = kind === "docker-archive" ? wanted.layers.map(({ diffId }) => diffId) : digestsOf(wanted);
    expect(manifest.layers.map(({ digest }: { digest: string }) => digest)).toEqual(digests);
  }
});

test("umoci unpacks an image out of the layout that we write", async () => {
  await using files = await scratch();
  await using destination = openFileDestination({ kind: "oci", path: files.path("layout") });
  await putImages(destination, { tag: other });
  await run("umoci", ["unpack", "--rootless", "--image", `${files.path("layout")}:tag`, files.path("bundle")]);
  expect(await readFile(files.path("bundle", "rootfs", "etc", "motd"), "utf8")).toContain("hello");
});

test.each(KINDS)(
  "GNU tar, or a listing, shows nothing but files of a layout or of docker in the %s that we write",
  async (kind) => {
    await using files = await scratch();
    await using destination = openFileDestination({ kind, path: files.path("written") });
    await putImages(destination, { ...images, "docker.io/library/long:1": long });
    const names =
      kind === "oci"
        ? await readdir(files.path("written"), { recursive: true })
        : (await run("tar", ["--list", "--file", files.path("written")])).stdout.trimEnd().split("\n");
    const expected =
      kind === "docker-archive"
        ? /^(?:[0-9a-f]{64}\.(?:json|tar)|manifest\.json)$/
        : /^(?:oci-layout|index\.json|blobs|blobs\/sha(?:256|512)|blobs\/sha256\/[0-9a-f]{64}|blobs\/sha512\/[0-9a-f]{128})$/;
    expect(names.filter((name) => !expected.test(name))).toEqual([]);
  },
);

test.each(["oci-archive", "docker-archive"] as const)(
  "the same images give the same %s, byte for byte",
  async (kind) => {
    await using files = await scratch();
    for (const name of ["one", "two"]) {
      await using destination = openFileDestination({ kind, path: files.path(name) });
      await putImages(destination, images);
    }
    expect((await readFile(files.path("one"))).equals(await readFile(files.path("two")))).toBe(true);
  },
);

test.each(KINDS)("an image that skopeo writes into a %s is pulled out of it", async (kind) => {
  await using files = await scratch();
  await writeTestLayout(files.path("layout"), { tag: other });
  const written = files.path("written");
  await skopeo("copy", "--quiet", `oci:${files.path("layout")}:tag`, `${kind}:${written}:docker.io/library/two:2`);
  const name = kind === "docker-archive" ? "two:2" : "docker.io/library/two:2";
  const pulled = await pull(`${kind}:${written}:${name}`, { store: await files.store() });
  expect(pulled.config).toMatchObject({ cmd: ["/two"] });
  expect(pulled.layers.map(({ diffId }) => diffId)).toEqual([layer.diffId]);
  if (kind === "docker-archive") expect(pulled.layers[0]?.descriptor.digest).toBe(layer.diffId);
  else expect(pulled.manifestDigest).toBe(other.descriptor.digest);
});

test("a pull out of the same archive finds the image there already, and a packed archive holds the same image", async () => {
  await using files = await scratch();
  await using destination = openFileDestination({ kind: "docker-archive", path: files.path("plain.tar") });
  await putImages(destination, images);
  await writeFile(files.path("packed.tar.gz"), gzipSync(await readFile(files.path("plain.tar"))));
  const store = await files.store();
  const first = await pull(`docker-archive:${files.path("plain.tar")}:one:1`, { store });
  const events: string[] = [];
  for (const name of ["plain.tar", "packed.tar.gz"]) {
    const again = pull(`docker-archive:${files.path(name)}:docker.io/library/one:1`, { store });
    for await (const { type } of again) events.push(type);
    expect((await again).manifestDigest).toBe(first.manifestDigest);
  }
  expect(events).not.toContain("layer-done");
});

function digestsOf({ layers }: TestImage): readonly string[] {
  return layers.map(({ digest }) => digest);
}
