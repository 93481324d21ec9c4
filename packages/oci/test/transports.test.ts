import { readdir } from "node:fs/promises";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { startTestRegistry, type TestImage, writeTestLayout } from "@a3s/testing";
import { expect } from "vitest";
import { openFileTransport } from "../src/archive/file-transport.ts";
import { openTransport } from "../src/pull/pull.ts";
import { type FileSourceKind, parseImageSource } from "../src/source/image-source.ts";
import type { ImageTransport } from "../src/transport/transport.ts";
import { dockerEntriesOf, layoutEntriesOf, openFiles, writeArchive } from "./archive-files.ts";
import { type Scratch, scratch } from "./scratch.ts";
import { type TransportSource, transportCompliance } from "./transport-compliance.ts";

transportCompliance("a registry", {
  indexes: true,
  async with({ contents, ask }, use) {
    const repositories = { "some/image": contents };
    await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
    await using transport = openTransport(parseImageSource(`${registry.host}/some/image:${ask}`));
    await use(transport);
  },
});

transportCompliance("an OCI image layout", {
  indexes: true,
  async with({ contents, ask }, use) {
    await using files = await scratch();
    await writeTestLayout(files.directory, contents);
    await usingFiles(files, "oci", files.directory, ask, use);
  },
});

const PACKINGS: readonly (readonly [string, (tar: Uint8Array) => Uint8Array])[] = [
  ["plain", (tar) => tar],
  ["packed with gzip in two members", halves(gzipSync)],
  ["packed with zstd in two frames", halves(zstdCompressSync)],
];

function halves(pack: (bytes: Uint8Array) => Uint8Array): (tar: Uint8Array) => Uint8Array {
  return (tar) => Buffer.concat([pack(tar.subarray(0, 100_000)), pack(tar.subarray(100_000))]);
}

for (const [packing, pack] of PACKINGS) {
  transportCompliance(`an oci-archive, ${packing},`, {
    indexes: true,
    with: (source, use) =>
      withArchive("oci-archive", source, use, async (path, { contents }) => {
        await writeArchive(path, layoutEntriesOf(contents), pack);
      }),
  });
  transportCompliance(`a docker-archive, ${packing},`, {
    indexes: false,
    with: (source, use) =>
      withArchive("docker-archive", { ...source, ask: `some/image:${source.ask}` }, use, async (path, { contents }) => {
        const named = Object.entries(contents).map(([tag, content]) => [`some/image:${tag}`, content as TestImage]);
        await writeArchive(path, dockerEntriesOf(Object.fromEntries(named)), pack);
      }),
  });
}

async function withArchive(
  kind: FileSourceKind,
  source: TransportSource,
  use: (transport: ImageTransport) => Promise<void>,
  write: (path: string, source: TransportSource) => Promise<void>,
): Promise<void> {
  await using files = await scratch();
  const path = files.path("archive");
  await write(path, source);
  await usingFiles(files, kind, path, source.ask, use);
  expect(await readdir(files.directory)).toEqual(["archive"]);
}

/** Once a transport is disposed it has no file open: that would be all that is left of a temporary file without a name. */
async function usingFiles(
  files: Scratch,
  kind: FileSourceKind,
  path: string,
  tag: string,
  use: (transport: ImageTransport) => Promise<void>,
): Promise<void> {
  const transport = openFileTransport({ kind, path, tag }, { temporaryDirectory: files.directory });
  try {
    await use(transport);
  } finally {
    await transport[Symbol.asyncDispose]();
  }
  expect(await openFiles(files.directory)).toEqual([]);
}
