import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { startDockerRegistry, testImage, testIndex, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { contentDigest } from "../src/content/content-digest.ts";
import { pull } from "../src/pull/pull.ts";
import { type Scratch, scratch } from "./scratch.ts";

const run = promisify(execFile);

async function skopeo(...args: readonly string[]): Promise<string> {
  return (await run("skopeo", ["--insecure-policy", ...args])).stdout;
}

/** An image with two layers, made by umoci from a directory. */
async function umociLayout(files: Scratch): Promise<string> {
  const layout = files.path("umoci");
  await run("umoci", ["init", "--layout", layout]);
  await run("umoci", ["new", "--image", `${layout}:base`]);
  for (const name of ["one", "two"]) {
    await mkdir(files.path(name), { recursive: true });
    await writeFile(files.path(name, "file"), name.repeat(1000));
    await run("umoci", ["insert", "--rootless", "--image", `${layout}:base`, files.path(name), `/${name}`]);
  }
  const config = [
    "--config.cmd",
    "/bin/sh",
    "--config.env",
    "A=1",
    "--config.workingdir",
    "/two",
    "--config.user",
    "7:8",
  ];
  await run("umoci", ["config", "--image", `${layout}:base`, ...config]);
  return `oci:${layout}:base`;
}

test("an image made by umoci and pushed by skopeo comes back from docker-registry, as OCI and as Docker schema 2", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const source = await umociLayout(files);
  const store = await files.store();
  for (const format of ["oci", "v2s2"]) {
    const name = `${registry.host}/some/image:${format}`;
    await skopeo("copy", "--quiet", `--format=${format}`, "--dest-tls-verify=false", source, `docker://${name}`);
    const pulled = await pull(name, { store });
    expect(pulled.config).toMatchObject({ cmd: ["/bin/sh"], workingDir: "/two", user: "7:8" });
    expect(pulled.config.env).toContain("A=1");
    expect(pulled.layers.length).toBe(2);
    for (const { path, diffId } of pulled.layers) expect(contentDigest(gunzipSync(await readFile(path)))).toBe(diffId);
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${name}`));
    expect(pulled.manifestDigest).toBe(inspected.Digest);
  }
});

test("a missing image is IMAGE_NOT_FOUND at docker-registry", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const pulling = pull(`${registry.host}/no/such:image`, { store: await files.store() });
  await expect(pulling).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
});

test("skopeo inspects our store and copies out of it, also an index of which only one platform was pulled", async () => {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  const platforms = ["amd64", "arm64"].map((architecture) =>
    testImage({
      platform: { os: "linux", architecture },
      layers: [testLayer([{ type: "file", path: "arch", content: architecture }])],
    }),
  );
  const content = testIndex(platforms);
  await writeTestLayout(files.path("layout"), { x: content });
  const name = `${registry.host}/multi/arch:1`;
  await skopeo(
    "copy",
    "--quiet",
    "--all",
    "--dest-tls-verify=false",
    `oci:${files.path("layout")}:x`,
    `docker://${name}`,
  );
  const store = await files.store();
  const pulled = await pull(name, { store, platform: { os: "linux", architecture: "amd64" } });
  expect(pulled.rootDigest).toBe(content.descriptor.digest);

  const stored = `oci:${store.directory}:${name}`;
  const inspected = JSON.parse(await skopeo("--override-arch=amd64", "inspect", stored));
  expect(inspected.Layers).toEqual(pulled.layers.map(({ descriptor }) => descriptor.digest));
  await skopeo("--override-arch=amd64", "copy", "--quiet", stored, `dir:${files.path("copied")}`);
});

test("an image that skopeo wrote into a layout is pulled out of it", async () => {
  await using files = await scratch();
  const source = await umociLayout(files);
  await skopeo("copy", "--quiet", source, `oci:${files.path("skopeo")}:a`);
  const pulled = await pull(`oci:${files.path("skopeo")}:a`, { store: await files.store() });
  expect(pulled.layers.length).toBe(2);
});
