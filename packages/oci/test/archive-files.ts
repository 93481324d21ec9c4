import { readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TarEntry, type TestContent, type TestImage, tarArchive } from "@a3s/testing";

const REF_NAME = "org.opencontainers.image.ref.name";

/** The entries of an `oci-archive`, by name. */
export function layoutEntriesOf(contents: Readonly<Record<string, TestContent>>): readonly TarEntry[] {
  const blobs = new Map(Object.values(contents).flatMap((content) => [...content.blobs]));
  const manifests = Object.entries(contents).map(([name, { descriptor }]) => ({
    ...descriptor,
    annotations: { [REF_NAME]: name },
  }));
  return [
    { type: "file", path: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { type: "directory", path: "blobs/sha256" },
    ...[...blobs].map(([digest, content]) => file(`blobs/${digest.replace(":", "/")}`, content)),
    { type: "file", path: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests }) },
  ];
}

/** The entries of a `docker-archive` as docker saved it before version 25: one directory for a layer. */
export function dockerEntriesOf(images: Readonly<Record<string, TestImage>>): readonly TarEntry[] {
  const files = new Map<string, Uint8Array>();
  const manifest = Object.entries(images).map(([name, image]) => {
    const config = `${hex(image.configDescriptor.digest)}.json`;
    files.set(config, image.blobs.get(image.configDescriptor.digest) as Uint8Array);
    const layers = image.layers.map((layer) => `${hex(layer.digest)}/layer.tar`);
    for (const [at, layer] of image.layers.entries()) files.set(layers[at] as string, layer.bytes);
    return { Config: config, RepoTags: [name], Layers: layers };
  });
  return [...[...files].map(([path, content]) => file(path, content)), file("manifest.json", JSON.stringify(manifest))];
}

export function file(path: string, content: string | Uint8Array): TarEntry {
  return { type: "file", path, content };
}

function hex(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** Writes entries as an archive, packed or not. */
export async function writeArchive(
  path: string,
  entries: readonly TarEntry[],
  pack: (tar: Uint8Array) => Uint8Array = (tar) => tar,
): Promise<void> {
  await writeFile(path, pack(tarArchive(entries)));
}

/** Files under a directory that this process has open, also those that have no name any more. */
export async function openFiles(directory: string): Promise<readonly string[]> {
  const open: string[] = [];
  for (const descriptor of await readdir("/proc/self/fd")) {
    const path = await readlink(join("/proc/self/fd", descriptor)).catch(() => "");
    if (path.startsWith(directory)) open.push(path);
  }
  return open;
}
