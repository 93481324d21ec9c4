import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { startDockerRegistry } from "@a3s/testing";
import { expect, test } from "vitest";
import { contentDigest } from "../src/content/content-digest.ts";
import { pull } from "../src/pull/pull.ts";
import type { StoredImage } from "../src/store/stored-image.ts";
import { type Scratch, scratch } from "./scratch.ts";

const run = promisify(execFile);

const CONTAINERFILE = `FROM scratch
COPY one /one
COPY two /two
ENV A=1
LABEL made=here
EXPOSE 80/tcp
WORKDIR /two
STOPSIGNAL SIGINT
ENTRYPOINT ["/one"]
CMD ["--help"]
`;

/** buildah with storage of its own, and an image of three layers for two architectures under the name `multi`. */
async function buildMulti(files: Scratch): Promise<(...args: readonly string[]) => Promise<string>> {
  const storage = ["--root", files.path("storage"), "--runroot", files.path("run"), "--storage-driver", "vfs"];
  // It insists on the file of credentials that is named.
  const { DOCKER_CONFIG: _config, REGISTRY_AUTH_FILE: _file, ...env } = process.env;
  const buildah = async (...args: readonly string[]) => (await run("buildah", [...storage, ...args], { env })).stdout;
  await mkdir(files.path("context"));
  for (const name of ["one", "two"]) await writeFile(files.path("context", name), name.repeat(1000));
  await writeFile(files.path("context", "Containerfile"), CONTAINERFILE);
  await buildah("manifest", "create", "multi");
  for (const arch of ["amd64", "arm64"]) {
    // Its cache does not tell architectures apart.
    const options = ["--isolation", "chroot", "--layers", "--no-cache", "--arch", arch, "--manifest", "multi"];
    await buildah("bud", "--quiet", ...options, files.path("context"));
  }
  return buildah;
}

async function expectLayers(image: StoredImage, decompress: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  expect(image.layers.length).toBeGreaterThanOrEqual(2);
  for (const { path, diffId } of image.layers) expect(contentDigest(decompress(await readFile(path)))).toBe(diffId);
}

const config = {
  entrypoint: ["/one"],
  cmd: ["--help"],
  workingDir: "/two",
  exposedPorts: ["80/tcp"],
  stopSignal: "SIGINT",
  labels: { made: "here" },
};

test("a multi-platform image by buildah is pulled for each platform, as an OCI index and as a Docker manifest list", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const buildah = await buildMulti(files);
  const store = await files.store();
  for (const format of ["oci", "v2s2"]) {
    const name = `${registry.host}/built/multi:${format}`;
    const options = ["--all", "--quiet", "--tls-verify=false", `--format=${format}`];
    await buildah("manifest", "push", ...options, "multi", `docker://${name}`);
    for (const architecture of ["amd64", "arm64"]) {
      const platform = { os: "linux", architecture };
      const image = await pull(name, { store, platform });
      expect(image.config).toMatchObject(config);
      expect(image.config.env).toContain("A=1");
      expect(image.platform).toMatchObject(platform);
      expect(image.rootDigest).not.toBe(image.manifestDigest);
      await expectLayers(image, gunzipSync);
    }
    const asked = pull(name, { store, platform: { os: "linux", architecture: "s390x" } });
    await expect(asked).rejects.toMatchObject({
      code: "PLATFORM_NOT_FOUND",
      details: { offered: expect.arrayContaining(["linux/amd64"]) },
    });
  }
}, 60_000);

test("layers that buildah packed with zstd arrive as they are", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const buildah = await buildMulti(files);
  const name = `${registry.host}/built/zstd:1`;
  const options = ["--quiet", "--tls-verify=false", "--compression-format=zstd", "--format=oci"];
  const id = await buildah("bud", "--quiet", "--isolation", "chroot", "--layers", files.path("context"));
  await buildah("push", ...options, id.trim(), `docker://${name}`);
  const image = await pull(name, { store: await files.store() });
  for (const { descriptor } of image.layers) expect(descriptor.mediaType).toMatch(/\+zstd$/);
  await expectLayers(image, zstdDecompressSync);
}, 60_000);
